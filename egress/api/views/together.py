"""Many requests in one call, each in a transaction of its own, with a result for each."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api import queries
from egress.api.idempotency import once_of_row, repeatable
from egress.api.problems import problem_response
from egress.api.serializers.requests import (
    AskedBody,
    ManyDecisionsBody,
    ManyRequestsBody,
    RowsSerializer,
)
from egress.api.views.requests import RequestView
from egress.domain.lifecycle import Verdict
from egress.models import Request
from egress.services import requests as services
from egress.services.errors import Unavailable

SECONDS = 25
"""After that no further row is begun: whoever sends the call again goes on from there."""


class RowsView(RequestView):
    """A call that does the same thing with many rows; `told_as` names each in its result."""

    serializer_class: Any = RowsSerializer
    told_as = "request"

    def each(self, rows: Iterable[Any], deed: Callable[[Any], Response]) -> Response:
        """Return what became of each row; one that is refused holds no other up."""
        until = time.monotonic() + SECONDS
        return Response({"results": [self._one(n, row, deed, until) for n, row in enumerate(rows)]})

    def _one(
        self, number: int, row: Any, deed: Callable[[Any], Response], until: float
    ) -> dict[str, Any]:
        try:
            if time.monotonic() > until:
                raise Unavailable("This took too long. Send the rest again.", reason="NotBegun")
            answer = once_of_row(self, number, row, lambda: deed(row))
        except Exception as error:
            told = problem_response(error, {})
            if told is None:
                raise
            return {"status": told.status_code, self.told_as: None, "problem": told.data}
        return {"status": answer.status_code, self.told_as: answer.data, "problem": None}


class Many(RowsView):
    """Ask for many things in one call."""

    @extend_schema(operation_id="requests_bulk", request=ManyRequestsBody, responses=RowsSerializer)
    @repeatable
    def post(self, request: HttpRequest) -> Response:
        """Make up to 50 requests, each for itself: `results` say what became of each.

        With an Idempotency-Key each row is done once: send the same call again to go on.
        """
        self.body(ManyRequestsBody)
        sent: Any = request.data
        return self.each(sent["requests"], self._ask)

    def _ask(self, row: Any) -> Response:
        body = AskedBody(data=row)
        body.is_valid(raise_exception=True)
        return self.answer(services.submit(draft=body.draft(), actor=self.actor), 201)


class Decide(RowsView):
    """Decide many requests in one call."""

    write_scopes = ("decide",)

    @extend_schema(
        operation_id="requests_decide", request=ManyDecisionsBody, responses=RowsSerializer
    )
    @repeatable
    def post(self, request: HttpRequest) -> Response:
        """Approve or deny up to 50 requests, each for itself, on the revision that was read."""
        rows = self.body(ManyDecisionsBody).validated_data["decisions"]
        return self.each([dict(row) for row in rows], self._decide)

    def _decide(self, row: dict[str, Any]) -> Response:
        asked: Request = self.found(queries.requests_for(self.standing), pk=row["request"])
        verdict = Verdict(row["verdict"])
        decided = services.decide(
            request=asked,
            actor=self.actor,
            revision=row["revision"],
            verdicts={one.position: verdict for one in asked.destinations.all()},
            note=row["note"],
        )
        return self.answer(decided)
