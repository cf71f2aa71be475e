"""The benchmark runs, says what it reached, and keeps what lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.grounds import ROOT
from tests.benchmarks.rows import Options, Row, percentile, spoken, spread, table


def run(folder: Path, *arguments: str) -> tuple[str, list[Row]]:
    """Run the command; return what it printed and the rows of its file."""
    path = folder / "results.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--json", str(path)]
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(path.read_text())
    assert document["machine"]["cores"] > 0
    return done.stdout, [Row(**row) for row in document["rows"]]


def test_a_row_that_lost_is_printed_like_one_that_won() -> None:
    lines = table(
        [
            Row("b", "won", "5 x", "4 x", True),
            Row("b", "lost", "3 x", "4 x", False),
            Row("b", "real cluster", "not measured", "5 x"),
        ]
    ).splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["yes", "NO", "x"]
    assert "not measured" in lines[3]


def test_runs_are_told_by_median_least_and_most() -> None:
    assert spread([0.3, 0.1, 0.2]) | {"runs": []} == {
        "median": 0.2,
        "min": 0.1,
        "max": 0.3,
        "runs": [],
    }
    assert spoken([0.3, 0.1, 2.0]) == "300 ms (100 ms to 2.00 s)"


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (51.0, 100.0)
    assert percentile([7.0], 0.99) == 7.0


def test_options_survive_the_way_into_another_process() -> None:
    given = Options(folder="/x", sizes=(5,), latencies=(0.0,))
    assert Options.of(json.loads(json.dumps(given.__dict__))) == given


@pytest.mark.slow
def test_rendering_is_measured_and_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    printed, rows = run(tmp_path, "--only", "render")
    measured = [row for row in rows if row.what.startswith("render")]
    assert len(measured) == 4
    assert all(row.details["same_bytes"] for row in measured)
    assert all(row.what in printed and row.reached in printed for row in rows)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_everything_is_measured_in_small(tmp_path: Path) -> None:
    printed, rows = run(tmp_path)
    assert {row.group for row in rows} == {"b", "c", "d", "e", "f", "g"}
    sent = [row for row in rows if row.what.endswith("sent")]
    assert sent
    assert all(row.is_reached for row in sent), printed
