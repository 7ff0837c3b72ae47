"""Configurations that the AWS tools read have the same outcome as with boto3, seen from the wire: who asks, where, signed by
which secret; or they are an error that says which file, profile or variable is at fault. Never another region or account.

`STACKQL_AWS_WORLDS` sets how many worlds are made up; `cargo xtask test` hands it on."""

import base64
import collections
import concurrent.futures
import configparser
import hashlib
import hmac
import http.server
import io
import os
import re
import subprocess
import threading
import urllib.parse

import boto3
import botocore.exceptions
import botocore.loaders
import botocore.session
import pytest

import aws_configurations
import processes

COUNT = int(os.environ.get("STACKQL_AWS_WORLDS", "240"))
STATEMENT = "SELECT vpcId FROM aws.ec2.vpcs"
# The region where nothing names one, as docs/environment-and-exit-codes.md has it.
REGION = "us-east-1"

# What boto3 takes and this program refuses, each with the words that say why.
STRICTER = [
    # Two variables that contradict each other: other tools of AWS read them the other way round.
    r"AWS_PROFILE is '.*' and AWS_DEFAULT_PROFILE is '.*'",
    # Versions of Python differ in what such a header means.
    r":\d+: the header of the section has two '\]'",
    r":\d+: the header of the section has no '\]'",
    # boto3 would send it and be refused, or take it for something else.
    r":\d+: \w+ is blank; give it a value",
    r":\d+: region is '.*', which is no region",
    r":\d+: \w+ goes on in the lines below it",
]


class Listener(http.server.ThreadingHTTPServer):
    """Answers as EC2, STS and a proxy, and keeps what each caller asked."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Asked)
        self.seen = collections.defaultdict(list)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def variables(self, caller):
        """What has a caller reach nothing but this server."""
        return {"HTTPS_PROXY": f"http://{caller}:x@127.0.0.1:{self.server_port}", "AWS_MAX_ATTEMPTS": "1"}

    def address(self, caller):
        return f"http://127.0.0.1:{self.server_port}/{caller}"


class Asked(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        user = base64.b64decode(self.headers["Proxy-Authorization"].split()[1]).decode().split(":")[0]
        self.server.seen[user].append(("CONNECT", self.path))
        self.answer(403, "no")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fields = dict(urllib.parse.parse_qsl(body.decode()))
        _, caller, *place = self.path.split("/")
        action, signed = fields.get("Action"), signature(self, body)
        details = {name: fields[name] for name in ("RoleArn", "ExternalId", "DurationSeconds") if name in fields}
        if fields.get("RoleSessionName") == "somebody":
            details["RoleSessionName"] = "somebody"
        self.server.seen[caller].append((action, "/".join(place).strip("/"), signed, details))
        match action:
            case "AssumeRole" | "AssumeRoleWithWebIdentity":
                role = fields["RoleArn"].rsplit("/", 1)[-1]
                self.answer(200, assumed(action, f"ASIA{role}BY{(signed or {}).get('key', 'TOKEN')}"))
            case "DescribeVpcs":
                space = "http://ec2.amazonaws.com/doc/2016-11-15/"
                self.answer(200, f'<DescribeVpcsResponse xmlns="{space}"><vpcSet/></DescribeVpcsResponse>')
            case _:
                self.answer(400, "<Response/>")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def assumed(action, key):
    return f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><AssumedRoleUser>
<AssumedRoleId>AROA:s</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn></AssumedRoleUser><Credentials>
<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{aws_configurations.secret(key)}</SecretAccessKey>
<SessionToken>token-of-{key}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{action}Result>
<ResponseMetadata><RequestId>q-1</RequestId></ResponseMetadata></{action}Response>"""


def signature(request, body):
    """Who signed, for which region, and whether with the secret of that key."""
    header = request.headers.get("Authorization")
    if not header:
        return None
    parts = dict(part.split("=", 1) for part in header.split(" ", 1)[1].replace(" ", "").split(","))
    key, date, region, service, _ = parts["Credential"].rsplit("/", 4)
    names = parts["SignedHeaders"]
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join(["POST", request.path, "", headers, names, digest])
    scope = f"{date}/{region}/{service}/aws4_request"
    text = "\n".join(
        ["AWS4-HMAC-SHA256", request.headers["X-Amz-Date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    signing = f"AWS4{aws_configurations.secret(key)}".encode()
    for part in [date, region, service, "aws4_request", text]:
        signing = hmac.digest(signing, part.encode(), "sha256")
    return {
        "key": key,
        "region": region,
        "service": service,
        "token": request.headers.get("X-Amz-Security-Token"),
        "its secret": signing.hex() == parts["Signature"],
    }


class Bench:
    """Asks the same of boto3 and of the program, each in a home folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.listener = Listener()
        self.loader = botocore.loaders.create_loader()

    def place(self, world, caller):
        """The variables of a world that was written to disk."""
        home = self.folder / caller
        filled = lambda text: text.replace("{server}", self.listener.address(caller)).replace("{home}", str(home))
        for path, content in world.files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            marks = [(b"{server}", self.listener.address(caller)), (b"{home}", str(home))]
            for mark, text in marks:
                content = content.replace(mark, text.encode())
            (home / path).write_bytes(content)
        home.mkdir(parents=True, exist_ok=True)
        variables = {name: filled(value) for name, value in world.variables.items() if value is not None}
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.listener.variables(caller),
            **variables,
        }

    def boto3(self, world, caller):
        """What boto3 sent, and why it sent no more."""
        wanted, ours = self.place(world, caller), dict(os.environ)
        os.environ.clear()
        os.environ.update(wanted)
        try:
            session = botocore.session.Session()
            session.register_component("data_loader", self.loader)
            boto3.Session(botocore_session=session).client("ec2").describe_vpcs()
            said = ""
        except Exception as error:  # Whatever it is, it is what the user of boto3 gets.
            said = f"{type(error).__name__}: {error}"
        finally:
            os.environ.clear()
            os.environ.update(ours)
        return once(self.listener.seen[caller]), said

    def stackql(self, world, caller):
        """What the program sent, and what it says."""
        wanted = self.place(world, caller)
        run = subprocess.run(
            [processes.binary(), "exec", STATEMENT],
            env=wanted,
            cwd=wanted["HOME"],
            capture_output=True,
            text=True,
            timeout=processes.STATEMENT_SECONDS,
        )
        return once(self.listener.seen[caller]), run.returncode, run.stderr


def once(seen):
    """What was asked, without the repeats of a request that failed: how often that is tried is no question of whom and where."""
    return [one for at, one in enumerate(seen) if at == 0 or seen[at - 1] != one]


def went(seen):
    """Whether the call itself was sent, or would have been to the real service."""
    return bool(seen) and seen[-1][0] in ("DescribeVpcs", "CONNECT")


def plain(world, region=None):
    """The world in the words of boto3: what this program reads beyond it, and says that it does, written out. None of it can
    lead to another account or region than the one that is written there."""
    variables = {name: value for name, value in world.variables.items() if value and value.strip()}
    if "AWS_REGION" in variables:
        variables["AWS_DEFAULT_REGION"] = variables.pop("AWS_REGION")
    if region:
        variables["AWS_DEFAULT_REGION"] = region
    files = {path: without_comments(content) for path, content in world.files.items()}
    return aws_configurations.World(world.number, files, variables, world.made_of)


def without_comments(content):
    """A profile file without comments behind values, which boto3 takes for part of the value; and of sections and keys that are
    there twice and the same, one."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    if "[" not in text:
        return content
    lines = [line if "credential_process" in line.lower() else re.sub(r"\s[#;].*$", "", line) for line in text.split("\n")]
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string("\n".join(lines).replace("\r", "\n"))
    except configparser.Error:
        return content
    for section in parser.sections():
        # boto3 takes a block for granted there and breaks off, which is no refusal.
        if not parser.get(section, "s3", fallback="block").strip():
            parser.remove_option(section, "s3")
    written = io.StringIO()
    parser.write(written)
    return written.getvalue().encode()


def region_of_source(world, bench, caller):
    """The region of the profile that the selected one takes its credentials from, which this program goes by, too."""
    wanted, ours = bench.place(world, caller), dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        session = botocore.session.Session()
        profiles = session.full_config["profiles"]
        name = session.get_config_variable("profile") or "default"
        for _ in range(len(profiles) + 1):
            profile = profiles.get(name, {})
            if profile.get("region"):
                return profile["region"]
            name = profile.get("source_profile")
        return REGION
    except botocore.exceptions.BotoCoreError:
        return REGION
    finally:
        os.environ.clear()
        os.environ.update(ours)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("worlds"))


@pytest.fixture(scope="module")
def outcomes(bench, program):
    worlds = aws_configurations.worlds(COUNT)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ours = list(pool.map(lambda world: bench.stackql(world, f"stackql-{world.number}"), worlds))
    return [(world, our, bench.boto3(world, f"boto3-{world.number}")) for world, our in zip(worlds, ours)]


def test_every_world_comes_to_the_same_or_is_refused(bench, outcomes):
    wrong, count = [], collections.Counter()
    for world, (seen, status, said), (theirs, refused) in outcomes:
        if went(seen) and seen == theirs:
            count["same"] += 1
            continue
        if not went(seen):
            complaint = unfit(world, status, said, went(theirs))
            count["refused by both" if not went(theirs) else "refused here alone"] += 1
            if complaint:
                wrong.append(f"{world}\n{complaint}: exit {status}: {said}\nboto3: {refused}\n{theirs}")
            continue
        # Only what is written out in `plain` may be read beyond boto3.
        meant, _ = bench.boto3(plain(world), f"plain-{world.number}")
        if not went(meant):
            region = region_of_source(plain(world), bench, f"region-{world.number}")
            meant, _ = bench.boto3(plain(world, region), f"region-{world.number}")
        count["read beyond boto3"] += 1
        if seen != meant:
            wrong.append(f"{world}\nhere: {seen}\nboto3: {theirs} {refused}\nplain: {meant}")
    assert not wrong, f"{len(wrong)} of {len(outcomes)}, {dict(count)}:\n" + "\n\n".join(wrong[:8])
    # The worlds are of use only where all of this is seen.
    few = {kind: count[kind] for kind in ("same", "refused by both", "read beyond boto3") if count[kind] < COUNT // 40}
    assert not few, f"{few} of {dict(count)}"


def unfit(world, status, said, boto3_goes_on):
    """What is wrong with a refusal, if anything is."""
    line = next((line for line in said.splitlines() if line.startswith("error: ")), "")
    if status == 0 or not line:
        return "no error"
    names_place = re.search(r"(\.aws/\w+|/else|/keys):\d+: ", line)
    names_profile = re.search(r"the AWS profile '|AWS_\w+", line)
    names_source = "credential" in line and "said" in line or "no credentials: " in line
    if not (names_place or names_profile or names_source):
        return "the error names neither file and line nor profile nor variable"
    if boto3_goes_on and not any(re.search(words, line) for words in STRICTER):
        return "refused what boto3 takes"
    return None
