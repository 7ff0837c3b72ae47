"""The registry's AWS documents against moto: what the tables say is what boto3 says."""

import sys

import boto3
import pytest

import processes
import published


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
def client(endpoint):
    session = boto3.Session("test", "test", region_name=processes.REGION)
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture(scope="module")
def tables(tmp_path_factory, home, endpoint):
    """Runs statements over the documents of one version."""

    def of(version):
        stackql = processes.Stackql(home, endpoint)
        return published.tables(stackql, tmp_path_factory.mktemp(version), "aws", version)

    return of


@pytest.fixture(scope="module")
def current(tables):
    return tables("v00.00.00000")


@pytest.fixture(scope="module")
def classic(tables):
    return tables("v0.1.3")


def test_ec2_through_the_classic_document(classic, client):
    ec2 = client("ec2")
    ec2.create_vpc(CidrBlock="10.9.0.0/16")
    rows = classic("SELECT vpcId, cidrBlock, isDefault FROM aws.ec2.vpcs WHERE region = 'us-east-1'")
    said = {(v["VpcId"], v["CidrBlock"], v["IsDefault"]) for v in ec2.describe_vpcs()["Vpcs"]}
    assert {(r["vpcId"], r["cidrBlock"], r["isDefault"]) for r in rows} == said


def test_s3_through_both_documents(classic, current, client):
    s3 = client("s3")
    for name in ("harbour-one", "harbour-two"):
        s3.create_bucket(Bucket=name)
    said = {b["Name"] for b in s3.list_buckets()["Buckets"]}
    for rows in (classic, current):
        found = rows("SELECT Name FROM aws.s3.buckets WHERE region = 'us-east-1'")
        assert {r["Name"] for r in found} == said


def test_s3_objects_are_read_to_the_end_at_an_endpoint_of_ones_own(classic, current, client):
    s3 = client("s3")
    s3.create_bucket(Bucket="many.keys")
    for n in range(1205):
        s3.put_object(Bucket="many.keys", Key=f"folder/{n:04}", Body=b"")
    for rows in (classic, current):
        where = "WHERE bucket = 'many.keys' AND region = 'us-east-1'"
        found = rows(f"SELECT Key FROM aws.s3.objects_v2s {where}")
        assert [r["Key"] for r in found] == [f"folder/{n:04}" for n in range(1205)]


def test_s3_buckets_are_made_and_deleted_at_an_endpoint_of_ones_own(classic, current, client):
    s3 = client("s3")
    names = lambda: {b["Name"] for b in s3.list_buckets()["Buckets"]}
    s3.create_bucket(Bucket="stays")
    for rows in (classic, current):
        rows.done("INSERT INTO aws.s3.buckets(bucket, region) SELECT 'comes-and-goes', 'us-east-1'")
        assert {"stays", "comes-and-goes"} <= names()
        rows.done("DELETE FROM aws.s3.buckets WHERE bucket = 'comes-and-goes' AND region = 'us-east-1'")
        assert "stays" in names() and "comes-and-goes" not in names()


def test_objects_of_no_bucket_are_an_error(classic, current):
    for rows in (classic, current):
        run = rows.run("SELECT Key FROM aws.s3.objects_v2s WHERE bucket = 'nowhere' AND region = 'us-east-1'")
        assert run.returncode == 1 and "NoSuchBucket" in run.stderr, run.stderr


def test_iam_page_by_page(current, client):
    iam = client("iam")
    for n in range(120):
        iam.create_user(UserName=f"user{n:03}", Tags=[{"Key": "n", "Value": str(n)}])
    rows = current("SELECT user_name, arn FROM aws.iam.users WHERE region = 'us-east-1'")
    users = [u for page in iam.get_paginator("list_users").paginate() for u in page["Users"]]
    assert {(r["user_name"], r["arn"]) for r in rows} == {(u["UserName"], u["Arn"]) for u in users}
    assert len(rows) == 120
    one = current("SELECT arn, tags FROM aws.iam.users WHERE region = 'us-east-1' AND user_name = 'user007'")
    assert one == [{"arn": iam.get_user(UserName="user007")["User"]["Arn"], "tags": '[{"Key":"n","Value":"7"}]'}]


def test_iam_written_and_deleted(current, client):
    iam = client("iam")
    made = current(
        "INSERT INTO aws.iam.users(user_name, region) SELECT 'zoe', 'us-east-1' RETURNING user_name, arn"
    )
    assert made == [{"user_name": "zoe", "arn": iam.get_user(UserName="zoe")["User"]["Arn"]}]
    current.done("DELETE FROM aws.iam.users WHERE user_name = 'zoe' AND region = 'us-east-1'")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="zoe")


def test_json_protocols(current, client):
    sqs, dynamodb = client("sqs"), client("dynamodb")
    current.done("INSERT INTO aws.sqs.queues(QueueName, region) SELECT 'made', 'us-east-1'")
    queues = current("SELECT queue_url FROM aws.sqs.queues WHERE region = 'us-east-1'")
    assert [r["queue_url"] for r in queues] == sqs.list_queues()["QueueUrls"]
    key = [{"AttributeName": "k", "KeyType": "HASH"}]
    for n in range(3):
        dynamodb.create_table(
            TableName=f"t{n}",
            KeySchema=key,
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    names = current("SELECT table_name FROM aws.dynamodb.tables WHERE region = 'us-east-1'")
    assert [list(r.values()) for r in names] == [["t0"], ["t1"], ["t2"]]
    one = current(
        "SELECT table_status, key_schema FROM aws.dynamodb.tables WHERE region = 'us-east-1' AND table_name = 't1'"
    )
    assert one == [{"table_status": "ACTIVE", "key_schema": key}]


def test_the_query_protocol(current, client):
    sns = client("sns")
    sns.create_topic(Name="bells")
    topics = current("SELECT topic_arn FROM aws.sns.topics WHERE region = 'us-east-1'")
    assert [r["topic_arn"] for r in topics] == [t["TopicArn"] for t in sns.list_topics()["Topics"]]
