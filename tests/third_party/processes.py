"""Programs under test as processes: the environment they see, servers that listen, statements that run."""

import json
import os
import queue
import socket
import subprocess
import threading
import time

REGION = "us-east-1"
START_SECONDS = 60
STATEMENT_SECONDS = 120


def binary():
    """The program, or None when no one says where it is."""
    return os.environ.get("STACKQL_BIN")


def environment(home, **additions):
    """The caller's environment without what configures AWS, proxies or stackql, so that every run sees the same."""
    foreign = ("AWS_", "STACKQL_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(foreign)}
    return kept | {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"} | additions


def credentials(key="test", secret="test"):
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": REGION}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that listens; ended by its own handle."""

    def __init__(self, arguments, env):
        self.process = subprocess.Popen(
            arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        self.lines = queue.Queue()
        self.said = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stderr:
            self.said.append(line)
            self.lines.put(line)

    def wait_for_line(self, marker):
        """What follows `marker` in the first line that has it."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and (self.process.poll() is None or not self.lines.empty()):
            try:
                line = self.lines.get(timeout=0.2)
            except queue.Empty:
                continue
            if marker in line:
                return line.split(marker, 1)[1].strip()
        raise RuntimeError(f"no line with {marker!r}; it said:\n{''.join(self.said)}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stackql:
    """The program, pointed at one endpoint."""

    def __init__(self, home, endpoint, key="test", secret="test"):
        self.env = environment(home, AWS_ENDPOINT_URL=endpoint, **credentials(key, secret))

    def run(self, statement, *arguments):
        return subprocess.run(
            [binary(), "exec", statement, *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=STATEMENT_SECONDS,
        )

    def done(self, statement, *arguments):
        """What a statement that must end complete printed."""
        run = self.run(statement, *arguments)
        assert run.returncode == 0, f"{statement}\nexit {run.returncode}\n{run.stderr}{run.stdout}"
        return run.stdout

    def rows(self, statement):
        return json.loads(self.done(statement, "-o", "json") or "[]")
