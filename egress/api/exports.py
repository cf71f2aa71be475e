"""`?format=csv` and `?format=ndjson`: a whole list as a stream, in constant memory."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

from egress.domain.exports import Cell, as_json, csv_lines, ndjson_lines
from egress.domain.wording import quoted

FORMATS = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
PARAMETER = OpenApiParameter(
    "format",
    str,
    enum=["json", *FORMATS],
    description="`csv` or `ndjson`: the whole list, without pages, as a stream.",
)
ROWS_AT_ONCE = 500


class Exportable:
    """A list that can be had whole, for list views beside `PortalView`."""

    takes = frozenset({"format"})
    """What the list takes in its query, besides what every list does."""

    def list(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer a page, or everything in the format that is asked for."""
        asked = request.query_params.get("format", "json")
        if asked == "json":
            return super().list(request, *args, **kwargs)  # type: ignore[misc]
        if asked not in FORMATS:
            message = f"{quoted(asked)} is no format. Choose json, csv or ndjson."
            raise ValidationError({"format": [message]})
        order = self.paginator.get_ordering(request, None, self)  # type: ignore[attr-defined]
        rows = self.filter_queryset(self.get_queryset()).order_by(*order)  # type: ignore[attr-defined]
        return _stream(asked, rows, self.get_serializer_class())  # type: ignore[attr-defined]


def _stream(asked: str, rows: QuerySet[Any], serializer: Any) -> StreamingHttpResponse:
    told = (dict(serializer(row).data) for row in _in_pieces(rows))
    if asked == "ndjson":
        return StreamingHttpResponse(ndjson_lines(told), content_type=FORMATS[asked])
    columns = list(serializer().fields)
    flat = ({name: _cell(row[name]) for name in columns} for row in told)
    return StreamingHttpResponse(csv_lines(columns, flat), content_type=FORMATS[asked])


def _in_pieces(rows: QuerySet[Any]) -> Iterator[Any]:
    """Yield all rows by primary key, a piece at a time: no cursor stays open for slow readers."""
    forward = not rows.query.order_by[0].startswith("-")  # type: ignore[union-attr]
    last = None
    while True:
        beyond: dict[str, Any] = {} if last is None else {"pk__gt" if forward else "pk__lt": last}
        piece = list(rows.filter(**beyond)[:ROWS_AT_ONCE])
        yield from piece
        if len(piece) < ROWS_AT_ONCE:
            return
        last = piece[-1].pk


def _cell(value: Any) -> Cell:
    return as_json(value) if isinstance(value, dict | list) else value
