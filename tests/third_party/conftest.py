"""What the tests share: the program under test, or a message that it is not there."""

import contextlib
import os

import boto3
import pytest

import processes


@pytest.fixture(scope="session", autouse=True)
def program():
    if not processes.binary():
        pytest.skip("STACKQL_BIN does not name the program; `cargo xtask test` builds it and sets it")
    return processes.binary()


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def start(home, program):
    """Starts the sandbox with flags, for as long as a block."""

    @contextlib.contextmanager
    def started(*flags):
        server = processes.Server(
            [program, "sandbox", "--address", "127.0.0.1:0", *flags], processes.environment(home)
        )
        try:
            yield server.wait_for_line("listening on ")
        finally:
            server.stop()

    return started


@pytest.fixture(scope="session")
def shared_endpoint(start):
    """One sandbox for many tests, each of which is an account of its own."""
    with start() as url:
        yield url


@pytest.fixture
def account(request):
    """An access key that no other test has."""
    return "".join(letter for letter in request.node.name.upper() if letter.isalnum())


@pytest.fixture(scope="session")
def installed(tmp_path_factory, program):
    """A folder that has the program, as tools want it that bring or look for one."""
    folder = tmp_path_factory.mktemp("installed")
    os.symlink(program, folder / "stackql")
    return folder


@pytest.fixture
def surroundings(monkeypatch, tmp_path, home, shared_endpoint, account):
    """The environment and the folder of this very process, for tools that start the program from inside it."""
    wanted = processes.environment(home, AWS_ENDPOINT_URL=shared_endpoint, **processes.credentials(account))
    # Whoever would ask a registry is not let out.
    wanted["HTTPS_PROXY"] = f"http://127.0.0.1:{processes.free_port()}"
    for name in os.environ.keys() - wanted.keys():
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ec2(surroundings, shared_endpoint, account):
    """The account of this test, for the other side to look at."""
    keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
    return boto3.client("ec2", endpoint_url=shared_endpoint, region_name=processes.REGION, **keys)
