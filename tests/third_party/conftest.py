"""What the tests share: the program under test, or a message that it is not there."""

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
