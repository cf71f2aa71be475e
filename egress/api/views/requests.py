"""Requests: ask, look, decide, withdraw, comment."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from egress.api import queries, revisions, waiting
from egress.api.filters import RequestFilter
from egress.api.idempotency import idempotent, repeatable
from egress.api.serializers.base import NoBody
from egress.api.serializers.requests import (
    ApproveBody,
    AskedBody,
    CommentBody,
    CommentSerializer,
    DenyBody,
    EditBody,
    PreviewSerializer,
    RequestBody,
    RequestSerializer,
    StageNowSerializer,
)
from egress.api.views.base import PortalView
from egress.domain.lifecycle import Verdict
from egress.models import Request
from egress.selectors.requests import has_come_to_rest
from egress.services import requests as services
from egress.services.errors import Conflict

EXAMPLE = OpenApiExample(
    "Access to one host",
    request_only=True,
    value={
        "cluster": "main",
        "namespace": "shop",
        "destinations": [{"host": "api.example.com", "port": 443, "protocol": "TLS"}],
        "reason": "The shop asks it for exchange rates.",
        "duration_days": 90,
        "dry_run": True,
    },
)


class RequestView(PortalView):
    """Something about one request."""

    queryset = Request.objects.none()
    serializer_class: type[BaseSerializer[Any]] = RequestSerializer
    write_scopes: tuple[str, ...] = ("request",)

    def get_object(self) -> Request:
        """Return the request of the address. Raises Http404 when the caller may not see it."""
        asked: Request = self.found(queries.requests_for(self.standing), pk=self.kwargs["pk"])
        return asked

    def answer(self, changed: Request, status: int = 200) -> Response:
        """Return a request as it is now."""
        fresh = self.found(queries.requests_for(self.standing), pk=changed.pk)
        etag = {"ETag": revisions.tag_of(fresh.revision)}
        return Response(RequestSerializer(fresh).data, status=status, headers=etag)

    def decide(self, asked: Request, values: dict[str, Any], **terms: Any) -> Response:
        """Decide the request on the revision that the header or the body names."""
        revision = revisions.agreed_revision(self.request, values)
        try:
            decided = services.decide(
                request=asked, actor=self.actor, revision=revision, note=values["note"], **terms
            )
        except Conflict as error:
            raise revisions.as_precondition(self.request, error) from error
        return self.answer(decided)


class Requests(RequestView, ListAPIView[Request]):
    """Requests: all you may see, and new ones."""

    filterset_class = RequestFilter

    def get_queryset(self) -> Any:
        """Return the visible requests with what their serializer shows."""
        return queries.requests_for(self.standing)

    @extend_schema(operation_id="requests_list")
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """All requests you may see, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="requests_submit",
        request=RequestBody,
        responses={201: RequestSerializer, 200: PreviewSerializer},
        examples=[EXAMPLE],
    )
    @idempotent
    def post(self, request: HttpRequest) -> Response:
        """Ask for access. With `dry_run` answer (200) what would come of it, and store nothing."""
        body = self.body(RequestBody)
        if body.validated_data["dry_run"]:
            preview = services.preview(draft=body.draft(), actor=self.actor, look_now=True)
            return Response(PreviewSerializer(preview).data)
        return self.answer(services.submit(draft=body.draft(), actor=self.actor), 201)


class Preview(RequestView):
    """What would come of a request."""

    serializer_class = PreviewSerializer
    write_scopes = ("read", "request")

    @extend_schema(operation_id="requests_preview", request=AskedBody, responses=PreviewSerializer)
    @repeatable
    def post(self, request: HttpRequest) -> Response:
        """Findings, approvers and objects of a request that nobody made. Nothing is stored."""
        draft = self.body(AskedBody).draft()
        preview = services.preview(draft=draft, actor=self.actor, look_now=True)
        return Response(PreviewSerializer(preview).data)


class OneRequest(RequestView):
    """One request."""

    @extend_schema(operation_id="requests_read", parameters=[waiting.PARAMETER])
    def get(self, request: HttpRequest, pk: int) -> Response:
        """One request, with the verdicts on its destinations. Its `ETag` is its revision.

        With `wait` the answer comes when it was refused, or when all its grants are in force.
        """
        seen = self.get_object()
        told = self.held_until(lambda: has_come_to_rest(seen.pk))
        return waiting.answer(self.answer(self.get_object() if told else seen), told)

    @extend_schema(operation_id="requests_edit", request=EditBody, responses=RequestSerializer)
    def put(self, request: HttpRequest, pk: int) -> Response:
        """Edit your pending request. Approvals that were given are cleared."""
        asked, body = self.get_object(), self.body(EditBody)
        revision = body.validated_data["revision"]
        changed = services.edit(
            request=asked, draft=body.draft(), actor=self.actor, revision=revision
        )
        return self.answer(changed)


class Approve(RequestView):
    """Approve a request, in whole or in part."""

    write_scopes = ("decide",)

    @extend_schema(
        operation_id="requests_approve",
        request=ApproveBody,
        responses=RequestSerializer,
        parameters=[revisions.PARAMETER],
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Approve; still `pending` afterwards when a second approver has to agree."""
        asked, values = self.get_object(), self.body(ApproveBody).validated_data
        verdicts = {row.position: Verdict.APPROVED for row in asked.destinations.all()}
        return self.decide(
            asked,
            values,
            verdicts=verdicts | values["verdicts"],
            duration_days=values.get("duration_days", ...),
        )


class Deny(RequestView):
    """Deny a request."""

    write_scopes = ("decide",)

    @extend_schema(
        operation_id="requests_deny",
        request=DenyBody,
        responses=RequestSerializer,
        parameters=[revisions.PARAMETER],
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Deny all destinations, and say why."""
        asked, values = self.get_object(), self.body(DenyBody).validated_data
        verdicts = {row.position: Verdict.DENIED for row in asked.destinations.all()}
        return self.decide(asked, values, verdicts=verdicts)


class Stages(RequestView):
    """The steps of approval of a request."""

    serializer_class = StageNowSerializer
    pagination_class = None

    @extend_schema(
        operation_id="requests_stages", filters=False, responses=StageNowSerializer(many=True)
    )
    def get(self, request: HttpRequest, pk: int) -> Response:
        """Who said yes, how many are missing and who else could; empty when it is decided."""
        rows = services.stages_of_pending(self.get_object())
        return Response(StageNowSerializer(rows, many=True).data)


class Withdraw(RequestView):
    """Withdraw a request."""

    @extend_schema(operation_id="requests_withdraw", request=None, responses=RequestSerializer)
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Take your own pending request back."""
        asked = self.get_object()
        self.body(NoBody)
        return self.answer(services.withdraw(request=asked, actor=self.actor))


class Comments(RequestView):
    """The comments of a request."""

    serializer_class = CommentSerializer
    pagination_class = None
    write_scopes = ("request", "decide")

    @extend_schema(
        operation_id="requests_comments", filters=False, responses=CommentSerializer(many=True)
    )
    def get(self, request: HttpRequest, pk: int) -> Response:
        """What people wrote below the request, oldest first."""
        rows = self.get_object().comments.select_related("author").order_by("pk")
        return Response(CommentSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="requests_comment", request=CommentBody, responses={201: CommentSerializer}
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Write a comment; everybody who may read the request may."""
        asked, values = self.get_object(), self.body(CommentBody).validated_data
        comment = services.comment(request=asked, actor=self.actor, **values)
        return Response(CommentSerializer(comment).data, status=201)
