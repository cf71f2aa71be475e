"""Downloads as CSV, JSON and NDJSON, streamed row by row so that a million rows fit."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from django.http import StreamingHttpResponse
from django.utils import timezone

Cell = str | int | bool | datetime | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection")."""


class _Echo:
    """A file that gives back what is written to it, for `csv.writer`."""

    def write(self, text: str) -> str:
        return text


def inert(value: Cell) -> str:
    """Return a cell that no spreadsheet runs: text that starts like a formula gets a quote."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def csv_download(
    name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]
) -> StreamingHttpResponse:
    """Return `rows` as a CSV file with a header line; every cell is quoted and inert."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)

    def lines() -> Iterator[str]:
        yield writer.writerow(columns)
        for row in rows:
            yield writer.writerow([inert(row[column]) for column in columns])

    return _download(lines(), name, "csv", "text/csv; charset=utf-8")


def json_download(name: str, rows: Iterable[Mapping[str, object]]) -> StreamingHttpResponse:
    """Return `rows` as one JSON array."""

    def lines() -> Iterator[str]:
        yield "["
        for position, row in enumerate(rows):
            yield f"{',' if position else ''}\n{_as_json(row)}"
        yield "\n]\n"

    return _download(lines(), name, "json", "application/json")


def ndjson_download(name: str, rows: Iterable[Mapping[str, object]]) -> StreamingHttpResponse:
    """Return `rows` as one JSON object a line."""
    lines = (f"{_as_json(row)}\n" for row in rows)
    return _download(lines, name, "ndjson", "application/x-ndjson")


def _as_json(row: Mapping[str, object]) -> str:
    return json.dumps(row, default=_plain, ensure_ascii=False)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _download(
    lines: Iterable[str], name: str, ending: str, content_type: str
) -> StreamingHttpResponse:
    """Return a file to save, dated, never kept by caches."""
    stamp = timezone.now().strftime("%Y%m%d-%H%M")
    response = StreamingHttpResponse(lines, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}-{stamp}.{ending}"'
    response["Cache-Control"] = "no-store"
    return response
