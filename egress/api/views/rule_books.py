"""Rule books: read, draft, propose, put in force, reject, and replay."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.idempotency import idempotent
from egress.api.serializers.base import NoBody
from egress.api.serializers.rule_books import (
    DraftBody,
    FullRuleBookSerializer,
    PutInForceBody,
    RejectBody,
    ReplaySerializer,
    RuleBookSerializer,
    RuleTextBody,
)
from egress.api.views.base import PortalView
from egress.domain.rule_book import parse_rule_book
from egress.models import RuleBook
from egress.selectors.replay import replay
from egress.selectors.rule_book import all_rule_books
from egress.services import rule_book
from egress.services.errors import NotAllowed


class RuleBookView(PortalView):
    """Something about rule books, for admins and auditors."""

    queryset = RuleBook.objects.none()
    serializer_class: Any = FullRuleBookSerializer
    write_scopes = ("admin",)

    def get_queryset(self) -> Any:
        """Return all versions. Raises NotAllowed for others."""
        if not self.standing.sees_everything:
            raise NotAllowed("Only admins and auditors may read rule books. Ask one of them.")
        return all_rule_books()

    def numbered(self, number: int) -> RuleBook:
        """Return the version of this number. Raises Http404 without one."""
        found: RuleBook = self.found(self.get_queryset(), number=number)
        return found

    def answer(self, book: RuleBook, status: int = 200) -> Response:
        """Return a version as it is now."""
        return Response(FullRuleBookSerializer(self.numbered(book.number)).data, status=status)


class RuleBooks(RuleBookView, ListAPIView[RuleBook]):
    """All versions, and new ones."""

    serializer_class = RuleBookSerializer

    @extend_schema(operation_id="rule_books_list")
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """All versions, the newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="rule_books_draft",
        request=DraftBody,
        responses={201: FullRuleBookSerializer},
    )
    @idempotent
    def post(self, request: HttpRequest) -> Response:
        """Begin a version. A text that is wrong is kept, and told what is wrong with it."""
        values = self.body(DraftBody).validated_data
        source = self.numbered(values["begun_from"]) if "begun_from" in values else None
        made = rule_book.draft(text=values.get("text"), begun_from=source, actor=self.actor)
        return self.answer(made, 201)


class OneRuleBook(RuleBookView):
    """One version."""

    @extend_schema(operation_id="rule_books_read", responses=FullRuleBookSerializer)
    def get(self, request: HttpRequest, pk: int) -> Response:
        """One version by its number, with its text and what is wrong with it."""
        return self.answer(self.numbered(pk))

    @extend_schema(
        operation_id="rule_books_change", request=RuleTextBody, responses=FullRuleBookSerializer
    )
    def put(self, request: HttpRequest, pk: int) -> Response:
        """Change the text of your draft. A proposal of it is void then."""
        book, values = self.numbered(pk), self.body(RuleTextBody).validated_data
        return self.answer(rule_book.change(book=book, actor=self.actor, **values))


class Propose(RuleBookView):
    """Propose a draft."""

    @extend_schema(
        operation_id="rule_books_propose", request=NoBody, responses=FullRuleBookSerializer
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Propose a draft to the other admins. Its text has to be right."""
        book = self.numbered(pk)
        self.body(NoBody)
        return self.answer(rule_book.propose(book=book, actor=self.actor))


class PutInForce(RuleBookView):
    """Put a proposal in force."""

    @extend_schema(
        operation_id="rule_books_put_in_force",
        request=PutInForceBody,
        responses=FullRuleBookSerializer,
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Put a proposal in force: an admin who neither wrote nor proposed it."""
        book, values = self.numbered(pk), self.body(PutInForceBody).validated_data
        return self.answer(rule_book.put_in_force(book=book, actor=self.actor, **values))


class Reject(RuleBookView):
    """Reject a draft or a proposal."""

    @extend_schema(
        operation_id="rule_books_reject", request=RejectBody, responses=FullRuleBookSerializer
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Reject a draft or a proposal for good, with a reason."""
        book, values = self.numbered(pk), self.body(RejectBody).validated_data
        return self.answer(rule_book.reject(book=book, actor=self.actor, **values))


class Replay(RuleBookView):
    """Replay a version."""

    @extend_schema(operation_id="rule_books_replay", responses=ReplaySerializer)
    def get(self, request: HttpRequest, pk: int) -> Response:
        """What a version would have decided over the last 1,000 requests of 90 days."""
        book = self.numbered(pk)
        rule_book.refuse_wrong(book.text)
        return Response(
            ReplaySerializer(replay(parse_rule_book(book.text), now=timezone.now())).data
        )
