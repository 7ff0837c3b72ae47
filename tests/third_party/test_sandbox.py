"""`stackql sandbox` driven by boto3 and by stackql at once: what one writes the other reads."""

import contextlib

import boto3
import botocore.config
import botocore.exceptions
import pytest

import processes

REGION = processes.REGION


@pytest.fixture
def endpoint(start):
    with start() as url:
        yield url


@pytest.fixture
def ec2(endpoint):
    return client(endpoint)


@pytest.fixture
def stackql(home, endpoint):
    return processes.Stackql(home, endpoint)


def client(endpoint, service="ec2", key="test", secret="test", region=REGION, attempts=1):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=botocore.config.Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
    )


class World:
    """What a session needs, made through boto3."""

    def __init__(self, ec2):
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.source, self.sink = [
            ec2.create_network_interface(SubnetId=self.subnet, Description=name)["NetworkInterface"]["NetworkInterfaceId"]
            for name in ("watched", "watcher")
        ]
        made = ec2.create_traffic_mirror_filter(Description="all")
        self.filter = made["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
        made = ec2.create_traffic_mirror_target(NetworkInterfaceId=self.sink, Description="collector")
        self.target = made["TrafficMirrorTarget"]["TrafficMirrorTargetId"]

    def session(self, number, **others):
        ids = {"NetworkInterfaceId": self.source, "TrafficMirrorFilterId": self.filter}
        return ids | {"TrafficMirrorTargetId": self.target, "SessionNumber": number} | others


@contextlib.contextmanager
def refused(code):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code, caught.value


SESSIONS = "aws.ec2.traffic_mirror_sessions"


def sessions(stackql, condition=""):
    return stackql.rows(f"SELECT * FROM {SESSIONS} WHERE region = '{REGION}' {condition} ORDER BY sessionNumber")


def same(session, row):
    """Whether a session of boto3's and a row of stackql's are the same."""
    names = {
        "trafficMirrorSessionId", "trafficMirrorTargetId", "trafficMirrorFilterId", "networkInterfaceId", "ownerId",
        "packetLength", "sessionNumber", "virtualNetworkId", "description",
    }
    for name in names:
        assert row[name] == session.get(name[0].upper() + name[1:]), name
    assert row["tagSet"] == [{"key": tag["Key"], "value": tag["Value"]} for tag in session["Tags"]]


def test_what_boto3_writes_stackql_reads(ec2, stackql):
    world = World(ec2)
    tags = [{"ResourceType": "traffic-mirror-session", "Tags": [{"Key": "Name", "Value": 'a <b> & "c" ünï'}]}]
    wanted = world.session(1, Description="first", PacketLength=100, TagSpecifications=tags)
    created = ec2.create_traffic_mirror_session(**wanted)["TrafficMirrorSession"]
    [described] = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert created == described
    [row] = sessions(stackql)
    same(described, row)

    number = described["TrafficMirrorSessionId"]
    changes = {"SessionNumber": 7, "Description": "moved", "RemoveFields": ["packet-length"]}
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=number, **changes)
    [row] = sessions(stackql)
    assert (row["sessionNumber"], row["description"], row["packetLength"]) == (7, "moved", None)

    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=number)
    assert sessions(stackql) == []


def test_what_stackql_writes_boto3_reads(ec2, stackql):
    def insert(table, returning, **values):
        texts = [str(value) if isinstance(value, int) else f"'{value}'" for value in values.values()]
        columns = ", ".join([*values, "region"])
        statement = f"INSERT INTO aws.ec2.{table}({columns}) SELECT {', '.join(texts)}, '{REGION}' RETURNING {returning}"
        [row] = stackql.rows(statement)
        return row[returning]

    vpc = insert("vpcs", "vpcId", CidrBlock="10.0.0.0/16")
    subnet = insert("subnets", "subnetId", VpcId=vpc, CidrBlock="10.0.1.0/24")
    group = insert("security_groups", "groupId", GroupName="watchers", GroupDescription="who watches", VpcId=vpc)
    [described] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert (described["GroupName"], described["Description"]) == ("watchers", "who watches")
    source, sink = [
        insert("network_interfaces", "networkInterfaceId", SubnetId=subnet, Description=name) for name in ("in", "out")
    ]
    target = insert("traffic_mirror_targets", "trafficMirrorTargetId", NetworkInterfaceId=sink)
    mirrored = insert("traffic_mirror_filters", "trafficMirrorFilterId", Description="all")
    rule = insert(
        "traffic_mirror_filter_rules", "trafficMirrorFilterRuleId", TrafficMirrorFilterId=mirrored,
        TrafficDirection="ingress", RuleNumber=100, RuleAction="accept", Protocol=6,
        DestinationCidrBlock="0.0.0.0/0", SourceCidrBlock="10.0.0.0/8",
    )
    session = insert(
        "traffic_mirror_sessions", "trafficMirrorSessionId", NetworkInterfaceId=source, TrafficMirrorTargetId=target,
        TrafficMirrorFilterId=mirrored, SessionNumber=1, Description="it''s",
        TagSpecification='[{"ResourceType":"traffic-mirror-session","Tags":[{"Key":"made-by","Value":"SQL"}]}]',
    )

    [described] = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert (described["TrafficMirrorSessionId"], described["Description"]) == (session, "it's")
    assert described["Tags"] == [{"Key": "made-by", "Value": "SQL"}]
    [row] = sessions(stackql)
    same(described, row)
    [of_filter] = ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    assert [one["TrafficMirrorFilterRuleId"] for one in of_filter["IngressFilterRules"]] == [rule]

    modify = f"EXEC {SESSIONS}.traffic_mirror_session_Modify @TrafficMirrorSessionId = '{session}'"
    stackql.done(f"{modify}, @SessionNumber = 9, @region = '{REGION}'")
    [described] = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert described["SessionNumber"] == 9
    condition = f"TrafficMirrorSessionId = '{session}' AND region = '{REGION}'"
    stackql.done(f"DELETE FROM {SESSIONS} WHERE {condition}")
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []


def test_pages_and_filters(ec2, stackql):
    world = World(ec2)
    for number in range(1, 13):
        tags = [{"ResourceType": "traffic-mirror-session", "Tags": [{"Key": "odd", "Value": str(number % 2)}]}]
        ec2.create_traffic_mirror_session(**world.session(number, Description=f"no {number}", TagSpecifications=tags))

    def numbers(**arguments):
        pages = ec2.get_paginator("describe_traffic_mirror_sessions").paginate(**arguments)
        return [[one["SessionNumber"] for one in page["TrafficMirrorSessions"]] for page in pages]

    def filtered(name, *values):
        return sum(numbers(Filters=[{"Name": name, "Values": list(values)}]), [])

    assert numbers(PaginationConfig={"PageSize": 5}) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]
    assert [row["sessionNumber"] for row in sessions(stackql)] == list(range(1, 13))
    assert filtered("session-number", "3", "4") == [3, 4]
    assert filtered("description", "no 1?") == [10, 11, 12]
    assert filtered("description", "no 1*") == [1, 10, 11, 12]
    assert filtered("tag:odd", "1") == [1, 3, 5, 7, 9, 11]
    assert filtered("tag-key", "even") == []
    both = [{"Name": "tag:odd", "Values": ["0"]}, {"Name": "description", "Values": ["no 1*"]}]
    assert numbers(Filters=both) == [[10, 12]]
    assert [row["sessionNumber"] for row in sessions(stackql, "AND sessionNumber IN (3, 4)")] == [3, 4]
    with refused("InvalidParameterValue"):
        filtered("colour", "red")
    with refused("InvalidNextToken"):
        ec2.describe_traffic_mirror_sessions(NextToken="made up")
    with refused("InvalidTrafficMirrorSessionId.NotFound"):
        ec2.describe_traffic_mirror_sessions(TrafficMirrorSessionIds=["tms-99999999"])


def test_what_may_not_be_is_refused(ec2):
    world = World(ec2)
    with refused("DryRunOperation"):
        ec2.create_traffic_mirror_session(**world.session(1, DryRun=True))
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    token = {"ClientToken": "one"}
    first, second = [ec2.create_traffic_mirror_session(**world.session(1, **token)) for _ in range(2)]
    assert first["TrafficMirrorSession"] == second["TrafficMirrorSession"]
    with refused("IdempotentParameterMismatch"):
        ec2.create_traffic_mirror_session(**world.session(2, **token))
    for number in (0, 1, 32767):
        with refused("InvalidParameterValue"):
            ec2.create_traffic_mirror_session(**world.session(number))
    with refused("InvalidTrafficMirrorTargetId.NotFound"):
        ec2.create_traffic_mirror_session(**world.session(2, TrafficMirrorTargetId="tmt-99999999"))
    with refused("TrafficMirrorFilterInUse"):
        ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=world.filter)
    with refused("TrafficMirrorTargetInUseException"):
        ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=world.target)
    with refused("InvalidNetworkInterface.InUse"):
        ec2.delete_network_interface(NetworkInterfaceId=world.source)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=world.subnet)
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=world.vpc)

    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=first["TrafficMirrorSession"]["TrafficMirrorSessionId"])
    ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=world.target)
    ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=world.filter)
    for interface in (world.source, world.sink):
        ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_subnet(SubnetId=world.subnet)
    ec2.delete_vpc(VpcId=world.vpc)
    assert ec2.describe_vpcs()["Vpcs"] == []


def test_a_wrong_secret_is_refused(home, endpoint):
    with refused("SignatureDoesNotMatch"):
        client(endpoint, secret="guess").describe_vpcs()
    with refused("SignatureDoesNotMatch"):
        client(endpoint, "sts", secret="guess").get_caller_identity()
    run = processes.Stackql(home, endpoint, secret="guess").run(f"SELECT vpcId FROM aws.ec2.vpcs WHERE region = '{REGION}'")
    assert run.returncode != 0
    assert "SignatureDoesNotMatch" in run.stderr and "'test'" in run.stderr


def test_no_signature_is_asked_for_on_request(start):
    with start("--no-verify") as url:
        assert client(url, secret="guess").describe_vpcs()["Vpcs"] == []


def test_accounts_and_regions_are_apart(home, endpoint, ec2, stackql):
    world = World(ec2)
    ec2.create_traffic_mirror_session(**world.session(1))
    there = client(endpoint, region="eu-west-1")
    there.create_traffic_mirror_filter(Description="there")
    other = client(endpoint, key="123456789012")
    assert there.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    assert other.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    assert client(endpoint, "sts", key="123456789012").get_caller_identity()["Account"] == "123456789012"
    assert processes.Stackql(home, endpoint, key="other").rows(f"SELECT * FROM {SESSIONS} WHERE region = '{REGION}'") == []
    everywhere = stackql.rows(
        "SELECT region, description FROM aws.ec2.traffic_mirror_filters WHERE region = '*' ORDER BY region"
    )
    assert everywhere == [
        {"region": "eu-west-1", "description": "there"},
        {"region": "us-east-1", "description": "all"},
    ]


def test_throttling_is_survived(home, start):
    with start("--throttle", "3") as url:
        ec2 = client(url, attempts=5)
        world = World(ec2)
        for number in range(1, 7):
            ec2.create_traffic_mirror_session(**world.session(number))
        stackql = processes.Stackql(home, url)
        for _ in range(4):
            assert [row["sessionNumber"] for row in sessions(stackql)] == [1, 2, 3, 4, 5, 6]


FAULTS = ["500", "truncated", "not-xml", "repeated-token", "UnauthorizedOperation"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_a_statement_with_one_clear_line(home, start, fault):
    with start("--fault", f"DescribeTrafficMirrorSessions={fault}") as url:
        run = processes.Stackql(home, url).run(f"SELECT sessionNumber FROM {SESSIONS} WHERE region = '{REGION}'")
        assert run.returncode == 1, run
        # Scripts are told of the answer itself first.
        answer, place, reason = run.stderr.partition(f"error: {SESSIONS} in {REGION}: ")
        assert place and (not answer or answer.startswith("http response status code: ")), run.stderr
        [_, *hints] = reason.splitlines()
        assert all(hint.startswith("  hint: ") for hint in hints), run.stderr
        assert run.stdout.strip() == ""


def test_a_fault_that_ends_is_survived(home, start):
    with start("--fault", "DescribeTrafficMirrorSessions=503*1") as url:
        assert sessions(processes.Stackql(home, url)) == []
