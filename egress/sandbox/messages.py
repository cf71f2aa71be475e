"""Requests and answers without sockets: what the HTTP server and in-process callers share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from egress.sandbox import gojson
from egress.sandbox.errors import StatusError

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """One request. `query` is raw text or already split; header names may have any case."""

    method: str
    path: str
    query: Mapping[str, list[str]] | str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(
        cls,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Request:
        """Build a request from a target such as `/api/v1/pods?limit=3`."""
        path, _, query = target.partition("?")
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        return cls(method, unquote(path), query, lowered, body)

    def parameters(self) -> dict[str, list[str]]:
        """Return the query, split and decoded."""
        if isinstance(self.query, str):
            return parse_qs(self.query, keep_blank_values=True)
        return {name: list(values) for name, values in self.query.items()}

    def header(self, name: str) -> str:
        """Return a header's value, or an empty text."""
        value = self.headers.get(name)
        if value is not None:
            return value
        wanted = name.lower()
        return next((v for key, v in self.headers.items() if key.lower() == wanted), "")

    @property
    def media_type(self) -> str:
        """Return the media type of the body, without parameters."""
        return self.header("Content-Type").partition(";")[0].strip()


@dataclass(frozen=True)
class Response:
    """One answer. An iterator as body is a stream; its empty parts only mark that time passes."""

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterator[bytes]

    def json(self) -> Any:
        """Return the body of an answer that is no stream, read as JSON."""
        if not isinstance(self.body, bytes):
            raise TypeError("The body of this answer is a stream; iterate over it.")
        return gojson.loads(self.body)


def json_response(
    status: int,
    body: Any,
    *,
    warnings: list[str] | None = None,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with JSON; `body` may be encoded already. Each warning is a sentence for people."""
    encoded = body if isinstance(body, bytes) else gojson.dumps(body)
    out = {"Content-Type": content_type, **(headers or {})}
    if warnings:
        quoted = (warning.replace("\\", "\\\\").replace('"', '\\"') for warning in warnings)
        out["Warning"] = ", ".join(f'299 - "{warning}"' for warning in quoted)
    return Response(status, out, encoded)


def error_response(error: StatusError) -> Response:
    """Answer with the Status object of a refusal."""
    return json_response(error.code, error.body(), headers=error.headers)


def text_response(status: int, text: str) -> Response:
    """Answer with plain text."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return Response(status, headers, text.encode())
