"""The frame of the fault suites notices what goes wrong, goes on where it stopped, and repeats."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.progress import ROOT

pytestmark = pytest.mark.faults


def frame(results: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the frame as on the command line."""
    command = [sys.executable, "-m", "tests.faults", "--results", str(results), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)


def toy(results: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return frame(results, "--suite", "tests.faults.toys:TOY", *arguments)


@pytest.mark.slow
def test_everything_runs_once_and_again_only_when_asked(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    first = toy(results, "--seed", "7", "--commit", "abc")
    assert first.returncode == 0, first.stdout + first.stderr
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert sorted(row["case"] for row in rows) == sorted(f"good-{i}" for i in range(12))
    whole, cut_off = results.read_text().splitlines(), 7
    results.write_text("\n".join(whole[:cut_off]) + '\n{"suite": "cut o')
    second = toy(results, "--seed", "7", "--commit", "abc")
    assert second.returncode == 0, second.stdout + second.stderr
    drawn = {row["case"]: row["outcome"]["figures"]["drawn"] for row in rows}
    again = [json.loads(line) for line in results.read_text().splitlines()[cut_off + 1 :]]
    assert len(again) == 12 - cut_off
    assert all(drawn[row["case"]] == row["outcome"]["figures"]["drawn"] for row in again)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("bad", "It went wrong."),
        pytest.param("raising", "a toy broke", marks=pytest.mark.slow),
        pytest.param("dying", "The process ended", marks=pytest.mark.slow),
        pytest.param("hanging", "No answer within 3 s", marks=pytest.mark.slow),
    ],
)
def test_a_case_that_goes_wrong_fails_the_run(case: str, said: str, tmp_path: Path) -> None:
    run = toy(tmp_path / "results.jsonl", "--case", case, "--case", "good-1")
    assert run.returncode == 1
    assert said in run.stdout
    assert "--case" in run.stdout


@pytest.mark.slow
def test_a_sample_ends_in_time_and_prints_its_seed(tmp_path: Path) -> None:
    run = toy(tmp_path / "results.jsonl", "--sample", "5")
    assert run.returncode == 0, run.stdout
    assert "seed " in run.stdout
    assert not (tmp_path / "results.jsonl").exists()


@pytest.mark.slow
def test_a_suite_on_postgresql_gets_a_migrated_database(tmp_path: Path) -> None:
    run = frame(
        tmp_path / "results.jsonl", "--suite", "tests.faults.toys:TOY_ON_POSTGRES", "--jobs", "1"
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_unknown_suite_is_named(tmp_path: Path) -> None:
    run = frame(tmp_path / "results.jsonl", "--suite", "nonsense")
    assert run.returncode == 1
    assert 'no suite "nonsense"' in run.stderr
