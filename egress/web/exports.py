"""Downloads as CSV, JSON and NDJSON, streamed row by row so that a million rows fit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.http import StreamingHttpResponse
from django.utils import timezone

from egress.domain.exports import Cell, as_json, csv_lines, ndjson_lines


def csv_download(
    name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]
) -> StreamingHttpResponse:
    """Return `rows` as a CSV file with a header line; every cell is quoted and inert."""
    return _download(csv_lines(columns, rows), name, "csv", "text/csv; charset=utf-8")


def json_download(name: str, rows: Iterable[Mapping[str, object]]) -> StreamingHttpResponse:
    """Return `rows` as one JSON array."""

    def lines() -> Iterator[str]:
        yield "["
        for position, row in enumerate(rows):
            yield f"{',' if position else ''}\n{as_json(row)}"
        yield "\n]\n"

    return _download(lines(), name, "json", "application/json")


def ndjson_download(name: str, rows: Iterable[Mapping[str, object]]) -> StreamingHttpResponse:
    """Return `rows` as one JSON object a line."""
    return _download(ndjson_lines(rows), name, "ndjson", "application/x-ndjson")


def _download(
    lines: Iterable[str], name: str, ending: str, content_type: str
) -> StreamingHttpResponse:
    """Return a file to save, dated, never kept by caches."""
    stamp = timezone.now().strftime("%Y%m%d-%H%M")
    response = StreamingHttpResponse(lines, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}-{stamp}.{ending}"'
    response["Cache-Control"] = "no-store"
    return response
