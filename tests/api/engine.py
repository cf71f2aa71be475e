"""Schemathesis against the portal in this process, on the connection of the running test.

It sends what the description allows and what it does not, follows links from answer to answer, and
holds every answer against the description: all its checks are on.
"""

import json
import logging
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from traceback import format_exception
from typing import Any
from unittest.mock import patch

import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, connections, transaction
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.engine.run import PhaseName
from schemathesis.transport.wsgi import WSGITransport

from egress.api.views.docs import openapi

SEED = 7
PHASES = ("examples", "coverage", "fuzzing", "stateful")
FIT = ["2xx", "401", "403", "404", "409", "412", "422", "503"]
"""What may come of a call that is as described. 422 is among it: a description cannot say which
host names exist, that an end comes after its beginning, or what an admin has switched off."""

NO_FAILURES = ["2xx", "3xx", "4xx", "503"]
"""503 is described: nothing answers at the address of a test's cluster, and the portal says so."""


class Portal:
    """The portal as a WSGI application that shares the connection, and the transaction, of a test.

    Schemathesis calls from threads of its own, one call at a time. Unless `keeps` is set, what a
    call wrote is taken back when it ends, so that each case meets the same company.
    """

    def __init__(self) -> None:
        self.application = get_wsgi_application()
        self.connection = connections["default"]
        self.keeps = False
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer one call."""
        with self.lock:
            connections["default"] = self.connection
            environ.pop("HTTP_ACCEPT_ENCODING", None)  # it does not unpack what comes in process
            before = None if self.keeps else transaction.savepoint()
            answer = self.application(environ, start_response)
            try:
                return [b"".join(answer)]
            finally:
                if before is not None:
                    transaction.savepoint_rollback(before)


@dataclass
class Found:
    """What came of a run: how many cases there were, and what was wrong, each once."""

    cases: int = 0
    troubles: dict[str, str] = field(default_factory=dict)


def operations() -> list[str]:
    """Return the ids of all operations of the description."""
    found = [one for methods in _described()["paths"].values() for one in methods.values()]
    return sorted(operation["operationId"] for operation in found)


def run(
    headers: dict[str, str], phases: Collection[str], *, examples: int, only: Sequence[str] = ()
) -> Found:
    """Let Schemathesis call, and return what it found.

    `headers` say who calls, `phases` which of its phases run (`coverage` tries the edges of every
    value one by one, `fuzzing` any mixture, `stateful` follows links), `only` which operations.
    """
    portal, found = Portal(), Found()
    schema = _schema(portal, headers, phases, examples)
    chosen = schema.include(operation_id=list(only)) if only else schema
    with _one_connection(), patch.object(WSGITransport, "send", _send_without_sockets):
        for event in engine.from_schema(chosen).execute():
            _note(event, portal, found)
    return found


@contextmanager
def _one_connection() -> Iterator[None]:
    """Keep the connection open and lend it to other threads; log nothing of the many calls."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    connection.inc_thread_sharing()
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        connection.dec_thread_sharing()
        for signal in signals:
            signal.connect(close_old_connections)


@cache
def _described() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(openapi("json")[0])
    return described


def _schema(portal: Portal, headers: dict[str, str], phases: Collection[str], examples: int) -> Any:
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "cache": {"enabled": False},  # what one run found changes nothing in the next
            "headers": headers,
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True},
            "phases": {name: {"enabled": name in phases} for name in PHASES},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": FIT},
                "not_a_server_error": {"expected-statuses": NO_FAILURES},
            },
        }
    )
    schema = schemathesis.openapi.from_dict(_described(), config=config)
    schema.app = portal
    return schema


_send = WSGITransport.send


def _send_without_sockets(transport: Any, case: Any, **kwargs: Any) -> Any:
    """Call as the transport does, without the settings of sockets that it drops only sometimes."""
    for name in ("max_redirects", "verify", "cert"):
        kwargs.pop(name, None)
    return _send(transport, case, **kwargs)


def _note(event: Any, portal: Portal, found: Found) -> None:
    if isinstance(event, events.PhaseStarted):
        portal.keeps = event.phase.name == PhaseName.STATEFUL_TESTING
    elif isinstance(event, events.NonFatalError | events.FatalError):
        error = getattr(event, "value", None) or event.exception
        found.troubles.setdefault(repr(error), "".join(format_exception(error)))
    elif isinstance(event, events.ScenarioFinished):
        found.cases += len(event.recorder.cases)
        for check in (one for each in event.recorder.checks.values() for one in each):
            if check.failure_info is not None:
                failure = check.failure_info.failure
                key = f"{check.name}: {failure.operation}: {failure.title}"
                found.troubles.setdefault(key, f"{failure}\n{check.failure_info.code_sample}")
