"""How tests call the API as somebody, and what every refusal looks like."""

import json
from collections.abc import Mapping
from typing import Any

from django.test import Client

from egress.api.problems import MEDIA_TYPE
from egress.models import Namespace, Person
from egress.services import tokens
from tests import factories

V1 = "/api/v1"
ALL_SCOPES = ("read", "request", "decide", "admin")
PROBLEM_FIELDS = {"type", "title", "status", "detail", "reason", "errors", "request_id"}


class Caller:
    """A program that calls with a token of `who`, or nobody."""

    def __init__(self, who: Person | None = None, *scopes: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if who is not None:
            _, secret = tokens.create(
                owner=who,
                name="A pipeline",
                scopes=scopes or ALL_SCOPES,
                days=30,
                actor=factories.actor(who),
            )
            self.headers["Authorization"] = f"Bearer {secret}"

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        """Return the answer. `path` is below `/api/v1`, or begins with `/api/`."""
        where = path if path.startswith("/api/") else V1 + path
        data = body if isinstance(body, bytes) else b"" if body is None else _dumped(body)
        extra = {"Idempotency-Key": key} if key is not None else {}
        return self.client.generic(
            method,
            where,
            data,
            content_type=content_type,
            headers={**self.headers, **extra, **(headers or {})},
        )

    def get(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer to reading `path`."""
        where = path if path.startswith("/api/") else V1 + path
        return self.client.get(where, query or {}, headers={**self.headers, **(headers or {})})

    def post(self, path: str, body: object = None, **options: Any) -> Any:
        """Return the answer to a POST."""
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: object = None, **options: Any) -> Any:
        """Return the answer to a PUT."""
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        """Return the answer to a DELETE."""
        return self.call("DELETE", path, **options)


def in_session(who: Person, *, checks_csrf: bool = False) -> Caller:
    """Return a caller with a session instead of a token."""
    caller = Caller()
    caller.client = Client(raise_request_exception=False, enforce_csrf_checks=checks_csrf)
    caller.client.force_login(who)
    return caller


def rows(response: Any) -> list[dict[str, Any]]:
    """Return the rows of a page of a list."""
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = response.json()["results"]
    return found


def problem(response: Any, status: int, reason: str = "") -> dict[str, Any]:
    """Return the problem a refusal describes, after checking that it has the one shape."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == MEDIA_TYPE
    body: dict[str, Any] = response.json()
    assert set(body) == PROBLEM_FIELDS
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    if reason:
        assert body["reason"] == reason
    assert all(isinstance(sentences, list) for sentences in body["errors"].values())
    return body


def wish(namespace: Namespace, /, *hosts: str, **changes: object) -> dict[str, Any]:
    """Return the body of a request; hosts mean TLS on port 443."""
    body: dict[str, Any] = {
        "cluster": namespace.cluster.name,
        "namespace": namespace.name,
        "destinations": [
            {"host": host, "port": 443, "protocol": "TLS"} for host in hosts or ("api.example.com",)
        ],
        "reason": "The shop needs it.",
        "duration_days": 90,
    }
    return body | changes


def _dumped(body: object) -> bytes:
    return json.dumps(body).encode()
