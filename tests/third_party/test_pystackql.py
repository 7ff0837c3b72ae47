"""pystackql, as it is published, starts this program where it looks for the Go program and reads what it prints."""

import asyncio
import functools
import http.server
import os
import threading

import pystackql
import pytest

import processes

REGION = processes.REGION
VPCS = f"SELECT vpcId, cidrBlock FROM aws.ec2.vpcs WHERE region = '{REGION}'"
CREATE = f"INSERT INTO aws.ec2.vpcs(CidrBlock, region) SELECT '10.0.0.0/16', '{REGION}'"
DISPATCHED = "The operation was despatched successfully"


@pytest.fixture
def client(surroundings, installed):
    """Makes clients that differ in their settings."""
    return functools.partial(pystackql.StackQL, download_dir=str(installed))


def test_the_program_is_found_and_tells_its_version(client, installed):
    stackql = client()
    assert stackql.bin_path == str(installed / "stackql")
    assert stackql.version.startswith("v") and stackql.sha
    properties = stackql.properties()
    assert (properties["version"], properties["sha"]) == (stackql.version, stackql.sha)
    assert stackql.execute("SHOW PROVIDERS")[0]["name"] == "aws"


@pytest.mark.skipif(os.path.exists("/usr/local/bin/stackql"), reason="pystackql prefers a program of this machine")
def test_the_program_is_found_where_python_keeps_what_a_user_installs(surroundings, installed, monkeypatch):
    monkeypatch.setattr("site.USER_BASE", str(installed))
    assert pystackql.StackQL().bin_path == str(installed / "stackql")


def test_values_keep_their_kinds(client):
    query = "SELECT 1 AS whole, 1.5 AS part, true AS yes, NULL AS nothing, '' AS empty, 'it''s \"ünï\" $HOME' AS text"
    whole = {"whole": 1, "part": 1.5, "yes": True, "nothing": None, "empty": "", "text": "it's \"ünï\" $HOME"}
    assert client().execute(query) == [whole]
    rows = client(output="pandas").execute(query)
    assert rows.to_dict("records") == [whole]
    assert (rows["whole"].sum(), rows["part"].sum(), bool(rows["yes"].all())) == (1, 1.5, True)


def test_the_go_programs_values_are_texts(client):
    query = "SELECT 1 AS whole, true AS yes, json('{\"a\": [1]}') AS nested"
    [row] = client().execute(query, env_vars={"STACKQL_COMPAT": "stackql"})
    assert row == {"whole": "1", "yes": "true", "nested": '{"a":[1]}'}


def test_rows_of_a_provider(client, ec2):
    stackql = client()
    tags = '[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "it\'\'s"}]}]'
    statement = f"INSERT INTO aws.ec2.vpcs(CidrBlock, TagSpecification, region) SELECT '10.0.0.0/16', '{tags}', '{REGION}'"
    assert stackql.executeStmt(statement) == {"message": DISPATCHED}
    [vpc] = ec2.describe_vpcs()["Vpcs"]
    [row] = stackql.execute(f"SELECT * FROM aws.ec2.vpcs WHERE region = '{REGION}'")
    assert (row["vpcId"], row["isDefault"], row["ipv6CidrBlockAssociationSet"]) == (vpc["VpcId"], False, None)
    assert row["tagSet"] == [{"key": "Name", "value": "it's"}]
    [row] = client(output="pandas").execute(VPCS).to_dict("records")
    assert row == {"vpcId": vpc["VpcId"], "cidrBlock": "10.0.0.0/16"}
    [counted] = stackql.execute(f"SELECT COUNT(*) AS count FROM aws.ec2.vpcs WHERE region = '{REGION}'")
    assert counted == {"count": 1}


def test_statements_over_several_lines(client):
    assert client().execute("SELECT\n  'a' AS one,\n  2 AS two\n;\n") == [{"one": "a", "two": 2}]


def test_csv(client):
    query = "SELECT 1 AS one, 'a,b' AS two, NULL AS three"
    assert client(output="csv").execute(query) == '1,"a,b",\n'
    assert client(output="csv", header=True, sep=":").execute(query) == "one:two:three\n1:a,b:\n"
    assert client().execute(query, output="csv") == '1,"a,b",\n'


def test_markdown(client):
    answer = client(output="markdownkv").execute("SELECT 1 AS one, NULL AS two")
    assert "one: 1\ntwo: null\n" in answer
    assert "error: no such column" in client(output="markdownkv").execute("SELECT nosuch FROM aws.ec2.vpcs", False)


def test_results_without_rows(client):
    for errors_count_as_nothing in (True, False):
        assert client().execute(VPCS, errors_count_as_nothing) == []
        assert client(output="csv").execute(VPCS, errors_count_as_nothing) == ""
    assert client(output="csv", header=True).execute(VPCS) == "vpcId,cidrBlock\n"


def test_changes(client, ec2):
    stackql = client()
    [made] = stackql.execute(f"{CREATE} RETURNING vpcId")
    [vpc] = ec2.describe_vpcs()["Vpcs"]
    assert made == {"vpcId": vpc["VpcId"]}
    delete = f"DELETE FROM aws.ec2.vpcs WHERE VpcId = '{vpc['VpcId']}' AND region = '{REGION}'"
    [told] = client(output="pandas").executeStmt(delete)["message"]
    assert told == f"{DISPATCHED}\n"
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert client(output="csv").executeStmt("USE aws") == "OK\n"


REFUSED = {
    "unknown column": ("SELECT vpcIdd FROM aws.ec2.vpcs", "no such column: vpcIdd in aws.ec2.vpcs, did you mean 'vpcId'?"),
    "unknown provider": ("SELECT * FROM awz.ec2.vpcs", "cannot find provider = 'awz', did you mean 'aws'?"),
    "unknown parameter": ("INSERT INTO aws.ec2.vpcs(CidrBlok) SELECT '10.0.0.0/16'", "has no parameter 'CidrBlok'"),
    "missing parameter": ("DELETE FROM aws.ec2.vpcs", "cannot find matching operation, possible causes include missing"),
    "no such method": ("INSERT INTO aws.sts.caller_identity(region) SELECT 'x'", "no appropriate method = 'insert'"),
    "no statement": ("SELEC 1", "syntax error at line 1, column 1 near 'SELEC'"),
    "wrong value": ("SELECT CAST('x' AS INT)", "'x' is no INT"),
    "refused by the provider": (f"DELETE FROM aws.ec2.vpcs WHERE VpcId = 'vpc-1' AND region = '{REGION}'", "InvalidVpcID"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors_come_out(client, name):
    statement, reason = REFUSED[name]
    for answer in (client().execute(statement, suppress_errors=False), client().executeStmt(statement)):
        [told] = answer
        assert list(told) == ["error"] and reason in told["error"]
    [told] = client(output="pandas").executeStmt(statement)["error"]
    assert reason in told
    assert reason in client(output="csv").executeStmt(statement)
    # Whoever asks for no errors has no rows.
    assert client().execute(statement) == []


def test_endpoints_and_credentials_that_are_not_there(client):
    nobody = f"http://127.0.0.1:{processes.free_port()}"
    for surroundings, reason in [({"AWS_ENDPOINT_URL": nobody}, "Connection refused"), ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY is not")]:
        for answer in (client().execute(VPCS, False, env_vars=surroundings), client().executeStmt(CREATE, env_vars=surroundings)):
            [told] = answer
            assert reason in told["error"], told


def test_only_errors_and_messages_are_told(client, start):
    """Whatever is on standard error is an error to pystackql: no hints, no progress."""
    with start("--latency-ms", "1300") as slow:
        for query in [VPCS, "SHOW METHODS IN aws.ec2.vpcs", "DESCRIBE aws.ec2.vpcs", "SELECT 1", "SHOW RESOURCES IN aws.ec2"]:
            answer = client().local_query_executor.execute(query, env_vars={"AWS_ENDPOINT_URL": slow})
            assert list(answer) == ["data"], (query, answer)


def account(stackql, **arguments):
    [row] = stackql.execute(f"SELECT Account FROM aws.sts.caller_identity WHERE region = '{REGION}'", False, **arguments)
    return row["Account"]


AUTH = {"aws": {"type": "aws_signing_v4", "keyIDenvvar": "OTHER_KEY", "credentialsenvvar": "OTHER_SECRET"}}
OTHER = {"OTHER_KEY": "123456789012", "OTHER_SECRET": "test"}


def test_auth_of_one_statement(client):
    stackql = client()
    assert account(stackql) != OTHER["OTHER_KEY"]
    assert account(stackql, custom_auth=AUTH, env_vars=OTHER) == OTHER["OTHER_KEY"]
    assert account(stackql, auth=AUTH, env_vars=OTHER) == OTHER["OTHER_KEY"]
    [told] = stackql.executeStmt(CREATE, custom_auth=AUTH)
    assert "OTHER_KEY" in told["error"] and "references empty string" in told["error"]


def test_auth_of_all_statements(client, monkeypatch):
    """pystackql leaves its objects unquoted, and the shell takes them apart."""
    stackql = client(custom_auth=AUTH)
    assert account(stackql, env_vars=OTHER) == OTHER["OTHER_KEY"]
    monkeypatch.setenv("NEXT_KEY", "210987654321")
    override = {"aws": AUTH["aws"] | {"keyIDenvvar": "NEXT_KEY"}}
    assert account(client(), custom_auth=override, env_vars=OTHER) == "210987654321"


@pytest.fixture
def registry(tmp_path):
    """The address of a registry that lists one provider."""
    folder = tmp_path / "registry"
    (folder / "dist").mkdir(parents=True)
    (folder / "dist" / "providers.yaml").write_text("providers:\n  okta: {versions: [v1.0.0, v0.9.0]}\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_registry_of_ones_own(client, registry):
    stackql = client(custom_registry=registry)
    assert stackql.execute("REGISTRY LIST") == [{"provider": "okta", "version": "v1.0.0"}]
    assert stackql.execute("REGISTRY LIST okta") == [{"provider": "okta", "versions": "v0.9.0, v1.0.0"}]
    [told] = stackql.executeStmt("REGISTRY PULL nosuch")
    assert "the registry has no provider 'nosuch'" in told["error"]


def test_tables_in_a_file_stay(client):
    stackql = client(backend_storage_mode="file", backend_file_storage_location="kept.db")
    assert stackql.executeStmt("CREATE TABLE kept (a int, b text)") == {"message": "DDL Execution Completed"}
    assert stackql.executeStmt("INSERT INTO kept VALUES (1, 'x')") == {"message": "insert into table completed"}
    assert stackql.execute("SELECT * FROM kept") == [{"a": 1, "b": "x"}]


def test_queries_at_once(client):
    queries = [f"SELECT {number} AS number" for number in range(4)]
    rows = asyncio.run(client().executeQueriesAsync(queries))
    assert rows == [{"number": number} for number in range(4)]
    assert asyncio.run(client(output="pandas").executeQueriesAsync(queries))["number"].tolist() == [0, 1, 2, 3]


def test_every_setting_is_taken(client):
    settings = {
        "app_root": "kept", "execution_concurrency_limit": 2, "dataflow_dependency_max": 5, "dataflow_components_max": 5,
        "max_results": 10, "page_limit": -1, "max_depth": 3, "api_timeout": 20, "http_debug": True,
    }
    assert client(**settings).execute("SELECT 1 AS one") == [{"one": 1}]
    proxy = {"proxy_host": "127.0.0.1", "proxy_port": processes.free_port(), "proxy_user": "u", "proxy_password": "p"}
    assert client(**proxy).execute("SELECT 1 AS one") == [{"one": 1}]


def test_notebooks(surroundings, installed, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    if os.path.exists("/usr/local/bin/stackql"):
        pytest.skip("pystackql prefers a program of this machine")
    monkeypatch.setattr("site.USER_BASE", str(installed))
    shell = InteractiveShell(user_ns={"region": REGION})
    shell.run_line_magic("load_ext", "pystackql.magic")
    rows = shell.run_line_magic("stackql", "SELECT '$region' AS region")
    assert rows.to_dict("records") == [{"region": REGION}]
    shell.run_cell_magic("stackql", "--no-display", "SELECT 7 AS seven")
    assert shell.user_ns["stackql_df"]["seven"].tolist() == [7]
