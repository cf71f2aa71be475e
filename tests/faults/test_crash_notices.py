"""The crash and freeze suites notice a portal that breaks its promises."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.progress import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]
ENTRY = "serviceentries/shop/eg-api-example-com-d0c43d3885#1"


def run(suite: str, case: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.faults", "--suite", suite, "--case", case]
    command += ["--jobs", "1", "--results", str(folder / "results.jsonl")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(
    ("suite", "case", "told"),
    [
        pytest.param(
            "tests.faults.planted:FORGETS",
            f"first-grant:http PATCH {ENTRY}:sent",
            "It did not settle",
            id="a delivery that is never closed",
        ),
        pytest.param(
            "tests.faults.planted:BLIND",
            "last-revoked:http GET kube-system#1:before",
            "was confirmed",
            id="a revoke that is confirmed unseen",
        ),
        pytest.param(
            "tests.faults.planted:OPEN",
            f"first-grant:http PATCH {ENTRY}:after",
            "although nothing grants it",
            id="an object that opens more than granted",
        ),
        pytest.param(
            "tests.faults.planted:UNFENCED",
            f"first-grant:http PATCH {ENTRY}:before",
            "was confirmed",
            id="a worker that writes without asking whether its claim still holds",
        ),
    ],
)
def test_a_planted_bug_is_reported(suite: str, case: str, told: str, tmp_path: Path) -> None:
    done = run(suite, case, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert told in done.stdout, done.stdout[-3000:]


def test_a_sound_portal_passes_at_the_same_points(tmp_path: Path) -> None:
    for suite in ("crash-sqlite", "freeze-sqlite"):
        done = run(suite, f"first-grant:http PATCH {ENTRY}:before", tmp_path)
        assert done.returncode == 0, done.stdout[-3000:]
