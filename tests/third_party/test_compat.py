"""Cases of what the Go program does, each over definitions and a mock of its own, where they are there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parents[3] / "shared/compat"

# As many as there are at least.
FEWEST = 96


def test_cases_of_the_go_program_hold(program, tmp_path):
    if not (CASES / "run.py").exists():
        pytest.skip("no shared data")
    ran = subprocess.run(
        [sys.executable, CASES / "run.py", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    outcomes = re.findall(r"^(ok  |FAIL) (\S+: .*)$", ran.stdout, re.MULTILINE)
    assert len(outcomes) >= FEWEST, ran.stdout + ran.stderr
    assert not [name for outcome, name in outcomes if outcome == "FAIL"], ran.stdout
