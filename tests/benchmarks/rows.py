"""What was measured, as rows of one table and as JSON."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Row:
    """One figure. `is_reached` is None where there is no target, or nothing was measured.

    `group` is the letter of the issue's list, `details` what only the JSON file tells, and
    `why_not` what keeps the figure from its target, for where it misses it.
    """

    group: str
    what: str
    reached: str
    target: str = ""
    is_reached: bool | None = None
    details: dict[str, Any] = field(default_factory=dict)
    why_not: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the row as data."""
        return asdict(self)


@dataclass
class Options:
    """What was asked for on the command line, and a scratch folder for one measurement."""

    folder: str = ""
    quick: bool = False
    kubeconfig: str = ""
    runs: int = 5
    sizes: tuple[int, ...] = (1000, 5000)
    latencies: tuple[float, ...] = (0.0, 5.0, 20.0)
    database: str = "sqlite"
    only: str = ""
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Options":
        """Return the options that `asdict` gave."""
        return cls(
            **{
                **given,
                "sizes": tuple(given["sizes"]),
                "latencies": tuple(given["latencies"]),
            }
        )


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    """Return median, least and most of several runs, and all of them, in seconds."""
    return {
        "median": round(statistics.median(seconds), 4),
        "min": round(min(seconds), 4),
        "max": round(max(seconds), 4),
        "runs": [round(one, 4) for one in seconds],
    }


def spoken(seconds: Sequence[float]) -> str:
    """Return median, least and most as the table says them."""
    median = statistics.median(seconds)
    return f"{_time(median)} ({_time(min(seconds))} to {_time(max(seconds))})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the sorted values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as text in columns."""
    head = ("", "what", "reached", "target", "")
    verdicts = {True: "yes", False: "NO", None: ""}
    lines = [head] + [
        (row.group, row.what, row.reached, row.target, verdicts[row.is_reached]) for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def reasons(rows: Iterable[Row]) -> list[str]:
    """Return, for the rows that miss their target, a line on what keeps them from it."""
    missed: dict[str, list[str]] = {}
    for row in rows:
        if row.is_reached is False:
            missed.setdefault(row.why_not or "Not explained yet.", []).append(row.what)
    return [f"NO: {'; '.join(what)}. {why}" for why, what in missed.items()]
