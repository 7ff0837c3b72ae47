"""Answers as boto3 gives them, in the names that the service puts on the wire, for comparison with rows."""

import datetime

from botocore import xform_name


def rows(client, operation, path, **arguments):
    """The rows of an operation, pages of it included: every column present, absent ones None."""
    method = xform_name(operation)
    paged = client.can_paginate(method)
    found = list(client.get_paginator(method).paginate(**arguments)) if paged else [getattr(client, method)(**arguments)]
    for member in path:
        found = [item for parent in found for item in parent.get(member, [])]
    return [row(row_shape(client, operation, path), item) for item in found]


def row_shape(client, operation, path):
    shape = client.meta.service_model.operation_model(operation).output_shape
    for member in path:
        shape = shape.members[member].member
    return shape


def row(shape, item):
    return {name(key, member): value(member, item.get(key)) for key, member in shape.members.items()}


def name(key, member):
    return member.serialization.get("name", key)


def value(shape, item):
    """Members that the answer lacks stay absent below the first level, as in nested JSON."""
    if item is None:
        return None
    match shape.type_name:
        case "structure":
            return {name(key, shape.members[key]): value(shape.members[key], one) for key, one in item.items()}
        case "list":
            return [value(shape.member, one) for one in item]
        case "timestamp":
            return instant(item)
        case _:
            return item


def normal_times(shape, item):
    """A row of stackql's with its timestamps in one spelling; they must be RFC 3339."""
    if item is None:
        return None
    match shape.type_name:
        case "structure":
            members = {name(key, member): member for key, member in shape.members.items()}
            return {key: normal_times(members[key], one) if key in members else one for key, one in item.items()}
        case "list":
            return [normal_times(shape.member, one) for one in item]
        case "timestamp":
            return instant(datetime.datetime.fromisoformat(item))
        case _:
            return item


def instant(at):
    assert at.tzinfo is not None, f"{at} has no zone"
    return at.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds")
