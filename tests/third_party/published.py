"""The registry's documents that are kept beside the project, and statements over them."""

import json
import tarfile
from pathlib import Path

import pytest

ARCHIVES = Path(__file__).parents[3] / "shared/registry/providers/dist"


def tables(stackql, root, directory, version, *arguments):
    """Runs statements over one version of a provider's documents, unpacked below `root`; gives their rows."""
    archive = ARCHIVES / directory / f"{version}.tgz"
    if not archive.exists():
        pytest.skip("no shared data")
    with tarfile.open(archive) as documents:
        documents.extractall(root / "src" / directory, filter="data")
    registry = f'--registry={{"url": "file://{root}", "localDocRoot": "{root}"}}'
    flags = (registry, "--approot", str(root / "approot"), "-o", "json", *arguments)

    def rows(statement):
        return json.loads(rows.done(statement) or "[]")

    def each(script):
        """The rows of each statement of a script."""
        text, found = rows.done(script).strip(), []
        while text:
            one, end = json.JSONDecoder().raw_decode(text)
            found.append(one)
            text = text[end:].lstrip()
        return found

    rows.each = each
    rows.run = lambda statement: stackql.run(statement, *flags)
    rows.done = lambda statement: stackql.done(statement, *flags)
    return rows
