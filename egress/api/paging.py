"""Cursor paging: a page stays the same while rows are added, and no list is ever counted."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from egress.domain.wording import quoted

ORDERS = {"newest": "-pk", "oldest": "pk"}
MAX_LIMIT = 200
PARAMETERS = frozenset({"cursor", "limit", "order"})
"""What every list takes in its query, besides its filters."""

_LARGEST_KEY = 2**63 - 1


class NewestFirst(CursorPagination):
    """Pages by primary key. `order=oldest` turns the list round, for readers who follow it."""

    ordering = ORDERS["newest"]
    page_size_query_param = "limit"
    page_size_query_description = f"How many rows a page has, 1 to {MAX_LIMIT}."
    cursor_query_description = "Where the page begins: take it from `next` or `previous`."
    max_page_size = MAX_LIMIT

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """Return the order that was asked for. Raises ValidationError for an unknown one."""
        asked = request.query_params.get("order", "newest")
        if asked not in ORDERS:
            message = f"{quoted(asked)} is no order. Choose newest or oldest."
            raise ValidationError({"order": [message]})
        return (ORDERS[asked],)

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has. Raises ValidationError for an impossible number."""
        asked = request.query_params.get("limit")
        if asked is None:
            return int(self.page_size or MAX_LIMIT)
        is_number = asked.isascii() and asked.isdecimal() and len(asked) <= 4
        if not (is_number and 1 <= int(asked) <= MAX_LIMIT):
            message = f"{quoted(asked)} is no page size. Give a number from 1 to {MAX_LIMIT}."
            raise ValidationError({"limit": [message]})
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the place to go on from. Raises ValidationError for a cursor nobody gave."""
        try:
            cursor = super().decode_cursor(request)
        except Exception as error:
            raise _unknown_cursor() from error
        position = cursor.position if cursor else None
        if position is not None and not _is_key(position):
            raise _unknown_cursor()
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe `cursor`, `limit` and `order` for OpenAPI."""
        described = super().get_schema_operation_parameters(view)
        for parameter in described:
            if parameter["name"] == "limit":
                parameter["schema"] |= {"minimum": 1, "maximum": MAX_LIMIT}
        order = {
            "name": "order",
            "in": "query",
            "required": False,
            "description": "Newest first, or oldest first.",
            "schema": {"type": "string", "enum": [*ORDERS], "default": "newest"},
        }
        return [*described, order]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page for OpenAPI 3.1."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }


def _is_key(position: object) -> bool:
    text = str(position)
    is_number = text.isascii() and text.isdecimal() and len(text) <= 19
    return is_number and int(text) <= _LARGEST_KEY


def _unknown_cursor() -> ValidationError:
    message = "This cursor did not come from a list. Begin at the first page again."
    return ValidationError({"cursor": [message]})
