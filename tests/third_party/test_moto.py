"""SELECT against moto, an EC2 that nobody here wrote, returns what boto3 returns: value for value."""

import sys

import boto3
import pytest

import moto_world
import processes
import wire

# Table, operation, and the members of its answer that lead to a row.
RESOURCES = [
    ("addresses", "DescribeAddresses", ["Addresses"]),
    ("availability_zones", "DescribeAvailabilityZones", ["AvailabilityZones"]),
    ("customer_gateways", "DescribeCustomerGateways", ["CustomerGateways"]),
    ("dhcp_options", "DescribeDhcpOptions", ["DhcpOptions"]),
    ("egress_only_internet_gateways", "DescribeEgressOnlyInternetGateways", ["EgressOnlyInternetGateways"]),
    ("images", "DescribeImages", ["Images"]),
    ("instance_status", "DescribeInstanceStatus", ["InstanceStatuses"]),
    ("instance_types", "DescribeInstanceTypes", ["InstanceTypes"]),
    ("instances", "DescribeInstances", ["Reservations", "Instances"]),
    ("internet_gateways", "DescribeInternetGateways", ["InternetGateways"]),
    ("key_pairs", "DescribeKeyPairs", ["KeyPairs"]),
    ("launch_templates", "DescribeLaunchTemplates", ["LaunchTemplates"]),
    ("managed_prefix_lists", "DescribeManagedPrefixLists", ["PrefixLists"]),
    ("nat_gateways", "DescribeNatGateways", ["NatGateways"]),
    ("network_acls", "DescribeNetworkAcls", ["NetworkAcls"]),
    ("network_interfaces", "DescribeNetworkInterfaces", ["NetworkInterfaces"]),
    ("regions", "DescribeRegions", ["Regions"]),
    ("route_tables", "DescribeRouteTables", ["RouteTables"]),
    ("security_group_rules", "DescribeSecurityGroupRules", ["SecurityGroupRules"]),
    ("security_groups", "DescribeSecurityGroups", ["SecurityGroups"]),
    ("snapshots", "DescribeSnapshots", ["Snapshots"]),
    ("subnets", "DescribeSubnets", ["Subnets"]),
    ("tags", "DescribeTags", ["Tags"]),
    ("transit_gateways", "DescribeTransitGateways", ["TransitGateways"]),
    ("volumes", "DescribeVolumes", ["Volumes"]),
    ("vpc_endpoints", "DescribeVpcEndpoints", ["VpcEndpoints"]),
    ("vpc_peering_connections", "DescribeVpcPeeringConnections", ["VpcPeeringConnections"]),
    ("vpcs", "DescribeVpcs", ["Vpcs"]),
    ("vpn_connections", "DescribeVpnConnections", ["VpnConnections"]),
    ("vpn_gateways", "DescribeVpnGateways", ["VpnGateways"]),
]


@pytest.fixture(scope="module")
def endpoint(home):
    port = processes.free_port()
    server = processes.Server(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        processes.environment(home),
    )
    try:
        server.wait_for_line("Running on")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="module")
def ec2(endpoint):
    client = boto3.client(
        "ec2",
        endpoint_url=endpoint,
        region_name=processes.REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    moto_world.fill(client)
    return client


@pytest.fixture(scope="module")
def stackql(home, endpoint):
    return processes.Stackql(home, endpoint)


@pytest.mark.parametrize(("table", "operation", "path"), RESOURCES, ids=[one[0] for one in RESOURCES])
def test_select_returns_what_boto3_returns(ec2, stackql, table, operation, path):
    expected = wire.rows(ec2, operation, path)
    assert expected, f"moto has no {table}"
    assert selection(ec2, stackql, table, operation, path) == expected


def selection(ec2, stackql, table, operation, path, condition=""):
    """The rows of a SELECT, in the spelling of `wire`, without the region that each is of."""
    selected = stackql.rows(f"SELECT * FROM aws.ec2.{table} WHERE region = '{processes.REGION}' {condition}")
    assert [row.pop("region") for row in selected] == [processes.REGION] * len(selected)
    shape = wire.row_shape(ec2, operation, path)
    return [wire.normal_times(shape, row) for row in selected]


# A condition, and boto3's filter that means the same.
CONDITIONS = [
    ("instances", "instanceType = 't3.micro'", "instance-type", ["t3.micro"]),
    ("security_groups", "groupName = 'web'", "group-name", ["web"]),
    ("subnets", "availabilityZone = 'us-east-1b'", "availability-zone", ["us-east-1b"]),
    ("volumes", "encrypted = true", "encrypted", ["true"]),
    ("volumes", "size = 9", "size", ["9"]),
    ("vpcs", "cidrBlock IN ('10.1.0.0/16', '10.2.0.0/16')", "cidr", ["10.1.0.0/16", "10.2.0.0/16"]),
    ("vpcs", "isDefault = true", "is-default", ["true"]),
]


@pytest.mark.parametrize(("table", "condition", "filter_name", "values"), CONDITIONS)
def test_conditions_select_what_filters_select(ec2, stackql, table, condition, filter_name, values):
    [(operation, path)] = [(operation, path) for name, operation, path in RESOURCES if name == table]
    expected = wire.rows(ec2, operation, path, Filters=[{"Name": filter_name, "Values": values}])
    everything = wire.rows(ec2, operation, path)
    assert 0 < len(expected) < len(everything)
    selected = selection(ec2, stackql, table, operation, path, f"AND {condition}")
    assert selected == expected


def test_what_stackql_writes_boto3_reads(ec2, stackql):
    tags = '[{"ResourceType":"vpc","Tags":[{"Key":"made-by","Value":"a statement"}]}]'
    values = f"'10.77.0.0/16', '{tags}', 'us-east-1'"
    stackql.done(f"INSERT INTO aws.ec2.vpcs(CidrBlock, TagSpecification, region) SELECT {values}")
    made = {"Filters": [{"Name": "cidr", "Values": ["10.77.0.0/16"]}]}
    [vpc] = ec2.describe_vpcs(**made)["Vpcs"]
    assert vpc["Tags"] == [{"Key": "made-by", "Value": "a statement"}]
    stackql.done(f"DELETE FROM aws.ec2.vpcs WHERE VpcId = '{vpc['VpcId']}' AND region = 'us-east-1'")
    assert not ec2.describe_vpcs(**made)["Vpcs"]
