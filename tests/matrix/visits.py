"""Somebody who goes to every address, and leaves no trace: each visit is taken back."""

import copy
import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.test import Client

from egress.models import ApiToken, Person
from egress.services import tokens
from tests import factories as make
from tests.matrix.calls import letter
from tests.matrix.people import DEACTIVATED, ROBOT
from tests.matrix.routes import Route
from tests.matrix.sent import body_of, path_of, query_of
from tests.matrix.table import Row
from tests.matrix.world import World, world_around
from tests.tries import ALL

SESSION, TOKEN, LACKING, ELSEWHERE = (
    "session",
    "token",
    "token without the scope",
    "token elsewhere",
)
WAYS = (SESSION, TOKEN, LACKING, ELSEWHERE)
SCOPES = frozenset(tokens.SCOPES)
ROBOT_SCOPES = frozenset(tokens.ROBOT_SCOPES)
HTMX = {"HX-Request": "true"}
"""How htmx asks: it gets a toast for a refusal, which takes a fifth of the time of a page."""


class Visitor:
    """One of the people of the matrix, in a world of their own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.world: World = world_around(name)
        self.client = Client(raise_request_exception=False)
        self.secrets: dict[tuple[frozenset[str], bool], str] = {}
        if self.world.who is not None and name != ROBOT:
            self._sign_in(self.world.who)
        self.cookies = self.client.cookies
        if name == DEACTIVATED:
            self.secret(SCOPES, elsewhere=False)
            Person.objects.filter(username=name).update(is_active=False)

    def _sign_in(self, who: Person) -> None:
        self.client.force_login(who)
        session = self.client.session
        # A moment ago and with their password, or every page of factors would ask for it again.
        told = [{"method": "password", "at": time.time()}]
        session["account_authentication_methods"] = told
        session.save()

    def secret(self, scopes: frozenset[str], elsewhere: bool) -> str:
        """Return a token of theirs with these scopes, bound to another namespace if wanted."""
        key = (scopes, elsewhere)
        if key not in self.secrets and self.world.who is not None:
            maker = Person.objects.get(username="boss") if self.name == ROBOT else self.world.who
            token, self.secrets[key] = tokens.create(
                owner=self.world.who,
                name="matrix",
                scopes=scopes,
                days=1,
                actor=make.actor(maker),
            )
            if elsewhere:
                # Nobody is given such a token with the scope `admin`: the limits hold alone.
                ApiToken.objects.filter(pk=token.pk).update(namespaces=["elsewhere"])
        return self.secrets.get(key, "")

    def bearer(self, scopes: frozenset[str], elsewhere: bool = False) -> dict[str, str]:
        """Return the header that carries a token with those of the scopes that they may have."""
        if self.name == ROBOT:
            scopes = scopes & ROBOT_SCOPES or ROBOT_SCOPES
        if self.name == DEACTIVATED:
            scopes, elsewhere = SCOPES, False
        secret = self.secret(scopes, elsewhere)
        return {"Authorization": f"Bearer {secret}"} if secret else {}

    def goes(
        self, route: Route, method: str, whose: str, headers: dict[str, str] | None = None
    ) -> str:
        """Return the letter of the answer. With an `Authorization`, no session is used."""
        is_token = bool(headers) and "Authorization" in (headers or {})
        self.client.cookies = type(self.cookies)() if is_token else copy.deepcopy(self.cookies)
        before = transaction.savepoint()
        try:
            answer = self._call(route, method, whose, headers)
            if answer.streaming:
                b"".join(answer.streaming_content)
            return letter(route, method, answer)
        finally:
            transaction.savepoint_rollback(before)

    def _call(self, route: Route, method: str, whose: str, headers: dict[str, str] | None) -> Any:
        path, body = path_of(route, self.world, whose), body_of(route, method, self.world, whose)
        if method == "GET":
            query = dict(query_of(route, self.world, whose))
            return self.client.get(path, query, headers=headers)
        if method == "POST" and not route.is_api:
            return self.client.post(path, dict(body), headers=headers)
        sent = json.dumps(body).encode()
        return self.client.generic(
            method, path, sent, content_type="application/json", headers=headers
        )


def is_seen(row: Row, cell: str) -> bool:
    """Tell whether somebody visits at all. In a hurry a third goes where all get the same."""
    return not row.is_alike or any(some(cell, (True, False, False)))


def some(cell: str, choices: tuple[Any, ...]) -> Iterator[Any]:
    """Yield one of the choices, always the same for a cell; all of them with EGRESS_TRY=all."""
    if ALL:
        yield from choices
    else:
        yield choices[zlib.crc32(cell.encode()) % len(choices)]
