"""stackql-deploy, as it is published, deploys stacks below `stack` by this program."""

import json
import os
import pathlib
import subprocess
import sys

import pystackql
import pytest

import processes

REGION = processes.REGION
STACKS = pathlib.Path(__file__).parent / "stack"
PROGRAM = pathlib.Path(sys.executable).parent / "stackql-deploy"


class Deploy:
    """The tool, in the environment of a test."""

    def __init__(self, installed):
        self.installed = installed

    def run(self, command, stack, *arguments, environment="dev"):
        values = {"AWS_REGION": REGION, "SESSION_NUMBER": "1", "OTHER_KEY": "123456789012", "OTHER_SECRET": "test"}
        # Options given later win.
        values = [part for name, value in values.items() for part in ("-e", f"{name}={value}")]
        whole = [PROGRAM, command, stack, environment, "--download-dir", self.installed, *values, *arguments]
        return subprocess.run(whole, capture_output=True, text=True, timeout=processes.STATEMENT_SECONDS)

    def done(self, command, stack, *arguments, **others):
        """What a command said that must succeed."""
        run = self.run(command, STACKS / stack, *arguments, **others)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout + run.stderr


@pytest.fixture
def deploy(surroundings, installed):
    return Deploy(installed)


def things(ec2):
    """All that the stack makes, by kind."""
    of = lambda answer, key, number: sorted(one[number] for one in answer[key])
    filters = ec2.describe_traffic_mirror_filters()
    return {
        "vpcs": of(ec2.describe_vpcs(), "Vpcs", "VpcId"),
        "subnets": of(ec2.describe_subnets(), "Subnets", "SubnetId"),
        "groups": [one["GroupName"] for one in ec2.describe_security_groups()["SecurityGroups"] if one["GroupName"] != "default"],
        "interfaces": of(ec2.describe_network_interfaces(), "NetworkInterfaces", "NetworkInterfaceId"),
        "filters": of(filters, "TrafficMirrorFilters", "TrafficMirrorFilterId"),
        "rules": [
            rule["TrafficMirrorFilterRuleId"]
            for one in filters["TrafficMirrorFilters"]
            for rule in one["IngressFilterRules"] + one["EgressFilterRules"]
        ],
        "targets": of(ec2.describe_traffic_mirror_targets(), "TrafficMirrorTargets", "TrafficMirrorTargetId"),
        "sessions": of(ec2.describe_traffic_mirror_sessions(), "TrafficMirrorSessions", "TrafficMirrorSessionId"),
    }


def test_a_stack_lives_and_dies(deploy, ec2):
    told = deploy.done("build", "mirroring", "--output-file", "out.json")
    assert "provider 'aws' is already installed" in told and "pulling" not in told
    assert "set protected variable [account] to [************] in exports" in told
    made = things(ec2)
    assert {kind: len(names) for kind, names in made.items()} == {
        "vpcs": 1, "subnets": 1, "groups": 1, "interfaces": 2, "filters": 1, "rules": 2, "targets": 1, "sessions": 1
    }
    assert made["groups"] == ["mirroring-dev"]
    [mirrored] = ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    assert mirrored["Description"] == "mirroring-dev: all of it's packets"
    assert {tag["Key"]: tag["Value"] for tag in mirrored["Tags"]} == {"Stack": "mirroring", "Environment": "dev"}
    out = json.loads(pathlib.Path("out.json").read_text())
    assert (out["stack_name"], out["stack_env"]) == ("mirroring", "dev")
    assert (out["vpc_id"], out["session_id"], out["session_number"]) == (*made["vpcs"], *made["sessions"], 1)
    assert out["tags_of_vpc"] == {"Name": "mirroring-dev-vpc", "Stack": "mirroring", "Environment": "dev"}

    # Nothing is made twice.
    told = deploy.done("build", "mirroring", "--show-queries")
    assert things(ec2) == made
    assert "updating" not in told and told.count("does not exist, creating") == 1, "what is created or updated"
    assert f"WHERE v.region = '{REGION}'" in told
    deploy.done("test", "mirroring")

    # What is not as it should be is changed.
    wrong = deploy.run("test", STACKS / "mirroring", "-e", "SESSION_NUMBER=7")
    assert wrong.returncode == 1 and "test failed for mirror_session" in wrong.stderr, wrong
    told = deploy.done("build", "mirroring", "-e", "SESSION_NUMBER=7")
    assert told.count("updating") == 1 and things(ec2) == made
    [session] = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert session["SessionNumber"] == 7

    deploy.done("teardown", "mirroring", "-e", "SESSION_NUMBER=7")
    assert not any(things(ec2).values()), things(ec2)


def test_a_dry_run_changes_nothing(deploy, ec2):
    for command in ("build", "test", "teardown"):
        assert "dry run" in deploy.done(command, "mirroring", "--dry-run", environment="prd")
    assert not any(things(ec2).values())


def outputs(deploy):
    deploy.done("build", "steps", "--output-file", "out.json")
    out = json.loads(pathlib.Path("out.json").read_text())
    return {name: out[name] for name in ("description", "tags", "rules", "alone", "weight", "account")}


def test_steps_of_every_kind(deploy, ec2):
    out = outputs(deploy)
    assert out == {
        "description": "steps", "tags": [{"key": "Step", "value": "tag"}], "rules": [], "alone": True, "weight": 1.5,
        "account": "123456789012",
    }
    assert pathlib.Path("greeting.txt").read_text() == "hello 123456789012"
    [made] = ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    assert made["Tags"] == [{"Key": "Step", "Value": "tag"}]


def test_values_as_the_go_program_gives_them(deploy, monkeypatch):
    monkeypatch.setenv("STACKQL_COMPAT", "stackql")
    out = outputs(deploy)
    assert (out["tags"], out["rules"], out["alone"], out["weight"]) == ([{"key": "Step", "value": "tag"}], [], "1", "1.5")


def stack_of(folder, *, provider="aws", **steps):
    """A stack of commands."""
    (folder / "resources").mkdir()
    resources = [{"name": name, "type": "command", "sql": sql} for name, sql in steps.items()]
    manifest = {"version": 1, "name": "made", "providers": [provider], "resources": resources}
    (folder / "stackql_manifest.yml").write_text(json.dumps(manifest))
    return folder


def test_a_provider_of_a_certain_version(deploy, tmp_path, installed):
    """What is built in needs no registry; what is not would have to come from one."""
    stackql = pystackql.StackQL(download_dir=str(installed))
    [built_in] = stackql.execute("SHOW PROVIDERS")
    for version, works in [(built_in["version"], True), ("v24.07.00246", False)]:
        folder = tmp_path / version
        folder.mkdir()
        run = deploy.run("build", stack_of(folder, provider=f"aws::{version}", step="USE aws"))
        assert (run.returncode == 0) == works, run
    assert stackql.executeStmt("REGISTRY PULL aws")["message"].startswith(
        f"aws provider, version '{built_in['version']}' is built in and stays in use\n"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO aws.ec2.vpcs(CidrBlok) SELECT '10.0.0.0/16'",
        "INSERT INTO aws.ec2.subnets(CidrBlock) SELECT '10.0.0.0/16'",
        f"DELETE FROM aws.ec2.vpcs WHERE VpcId = 'vpc-1' AND region = '{REGION}'",
        "DELET FROM aws.ec2.vpcs",
    ],
)
def test_a_statement_that_fails_stops_a_deployment(deploy, tmp_path, ec2, statement):
    later = f"INSERT INTO aws.ec2.vpcs(CidrBlock, region) SELECT '10.0.0.0/16', '{REGION}'"
    run = deploy.run("build", stack_of(tmp_path, first=statement, later=later), "--on-failure", "error")
    assert run.returncode == 1 and "operation failed" in run.stderr, run
    assert ec2.describe_vpcs()["Vpcs"] == []


@pytest.mark.skipif(os.path.exists("/usr/local/bin/stackql"), reason="the tool prefers a program of this machine")
def test_info_and_shell(surroundings, installed, monkeypatch):
    monkeypatch.setenv("PYTHONUSERBASE", str(installed))
    run = subprocess.run([PROGRAM, "info"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and f"Binary Path: {installed}/stackql" in run.stdout and "aws: v" in run.stdout, run
    run = subprocess.run([PROGRAM, "shell"], input="SELECT 7 AS seven;\n", capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and "seven" in run.stdout, run


def test_a_new_project_is_understood(deploy, tmp_path):
    """The project that the tool starts people with has views of the registry's provider; its queries are SQL here."""
    run = subprocess.run([PROGRAM, "init", "fresh", "--provider", "aws"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run
    told = deploy.run("build", tmp_path / "fresh", "--dry-run")
    assert told.returncode == 0, told
