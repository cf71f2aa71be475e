"""What the rule book decides at once, what it leaves to people, and what it demands of them."""

from typing import Any

import pytest

from egress.domain.lifecycle import RequestStatus, Verdict
from egress.models import AuditEvent, Grant, Namespace, Person, Request, RuleBook, Slice
from egress.selectors.bindings import is_bound
from egress.services import requests
from egress.services.errors import NotAllowed, Refused
from tests import factories as make
from tests.services.rules import put_in_force, rule

pytestmark = pytest.mark.django_db
LATE = "https://tickets.example.com/1"


def ask(shop: Namespace, who: Person, *hosts: str, **fields: Any) -> Request:
    return requests.submit(draft=make.draft(shop, *hosts, **fields), actor=make.actor(who))


def approve(request: Request, who: Person, days: int | None = 90) -> Request:
    return requests.decide(
        request=request,
        actor=make.actor(who),
        revision=1,
        verdicts={0: Verdict.APPROVED},
        duration_days=days,
    )


def test_without_a_rule_book_people_decide(shop: Namespace, owner: Person, mate: Person) -> None:
    assert ask(shop, owner).is_pending


def test_a_rule_approves_at_once(shop: Namespace, owner: Person, mate: Person) -> None:
    put_in_force(rule())
    request = ask(shop, owner, "a.example.com", "b.example.com")
    assert (request.status, request.decided_by) == ("approved", "rule book v1: only")
    assert request.decision_note == "Approved by rule only of rule book v1."
    grants = list(Grant.objects.all())
    assert len(grants) == 2
    assert all(is_bound(grant) and grant.granted_by == "rule book v1: only" for grant in grants)
    assert Slice.objects.get().key == "namespace:shop"
    last = list(AuditEvent.objects.order_by("-sequence").values_list("tag", "actor")[:4])
    by = "rule book v1: only"
    assert last[::-1] == [
        ("request:submitted", "owner"),
        ("request:approved", by),
        ("grant:created", by),
        ("grant:created", by),
    ]


def test_one_destination_outside_leaves_all_to_people(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    put_in_force(rule())
    assert ask(shop, owner, "a.example.com", "b.example.net").is_pending


def test_what_needs_a_review_is_never_approved_at_once(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    put_in_force(
        rule('destinations: ["*"], risk at most: block').replace(", risk at most: warn", "")
    )
    assert ask(shop, owner, "203.0.113.0/24").is_pending


def test_a_rule_denies_at_once_and_on_record(shop: Namespace, owner: Person, mate: Person) -> None:
    put_in_force(rule(then="deny: Use the mirror."))
    request = ask(shop, owner)
    assert (request.status, request.decided_by) == ("denied", "rule book v1: only")
    assert "Use the mirror." in request.decision_note
    assert not Grant.objects.exists()


def test_what_a_rule_wants_is_said_at_its_field(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    wanted = 'ticket pattern: "https://tickets.example.com/*", maximum duration: 30d'
    put_in_force(rule("clusters: [main]", f"require: {{{wanted}}}"))
    with pytest.raises(Refused) as caught:
        ask(shop, owner)
    assert set(caught.value.fields) == {"ticket", "duration_days"}
    assert ask(shop, owner, ticket=LATE, duration_days=30).is_pending


def test_the_rules_in_force_at_the_decision_count(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = ask(shop, owner)
    put_in_force(rule("clusters: [main]", "require: {maximum duration: 30d}"))
    with pytest.raises(Refused):
        approve(request, mate)
    assert approve(request, mate, 30).status == RequestStatus.APPROVED


def test_a_denial_in_force_meanwhile_stops_an_approval(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = ask(shop, owner)
    put_in_force(rule(then="deny: Use the mirror."))
    with pytest.raises(Refused, match="Use the mirror"):
        approve(request, mate)


def test_more_people_are_needed_where_a_rule_says_so(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    put_in_force(rule("namespaces: [shop]", "require: {approvals: 2}"))
    request = ask(shop, owner)
    assert approve(request, mate).is_pending
    assert approve(request, alice).status == RequestStatus.APPROVED


SECURITY = "require: {stages: [{name: security, team: team-security, approvals: 1}]}"


def test_the_team_that_a_rule_names_has_to_agree_and_nobody_else_counts_for_it(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    sam = make.person("sam", teams=["team-security"])
    put_in_force(rule("namespaces: [shop]", SECURITY))
    request = ask(shop, owner)
    for approver in (mate, alice):
        with pytest.raises(NotAllowed, match="Who may approve it: sam"):
            approve(request, approver)
    assert approve(request, sam).status == RequestStatus.APPROVED
    assert Grant.objects.get().granted_by == "sam"


def test_a_request_for_which_the_named_team_has_nobody_is_refused(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    make.team("team-security")
    put_in_force(rule("namespaces: [shop]", SECURITY))
    with pytest.raises(Refused, match="team-security") as refused:
        ask(shop, owner)
    assert refused.value.reason == "NobodyCanApprove"


def test_a_renewal_is_approved_like_a_request(shop: Namespace, owner: Person, mate: Person) -> None:
    grant = make.grant(shop, owner)
    put_in_force(rule(when='destinations: ["*.example.com"], duration at most: 30d'))
    renewed = requests.renew(
        grant=grant, actor=make.actor(owner), reason="Still.", duration_days=30
    )
    assert renewed.status == RequestStatus.APPROVED
    grant.refresh_from_db()
    assert is_bound(grant)


def edit(request: Request, shop: Namespace, who: Person, *hosts: str) -> Request:
    return requests.edit(
        request=request,
        draft=make.draft(shop, *hosts),
        actor=make.actor(who),
        revision=request.revision,
    )


def test_what_is_edited_into_a_rule_is_approved_at_once(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    put_in_force(rule())
    request = ask(shop, owner, "a.example.net")
    assert request.is_pending
    edited = edit(request, shop, owner, "a.example.com")
    assert (edited.status, edited.decided_by) == ("approved", "rule book v1: only")
    assert is_bound(Grant.objects.get())
    last = list(AuditEvent.objects.order_by("-sequence").values_list("tag", flat=True)[:3])
    assert last[::-1] == ["request:edited", "request:approved", "grant:created"]


def test_what_is_edited_beside_a_rule_waits_for_people(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    put_in_force(rule())
    request = ask(shop, owner, "a.example.net")
    assert edit(request, shop, owner, "a.example.com", "b.example.net").is_pending
    assert not Grant.objects.exists()


def test_an_edited_renewal_is_approved_like_a_new_one(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    grant = make.grant(shop, owner)
    ends = grant.expires_at
    renewal = requests.renew(
        grant=grant, actor=make.actor(owner), reason="Still.", duration_days=60
    )
    put_in_force(rule(when='destinations: ["*.example.com"], duration at most: 30d'))
    draft = make.draft(shop, grant.host, duration_days=30)
    edited = requests.edit(request=renewal, draft=draft, actor=make.actor(owner), revision=1)
    assert edited.status == RequestStatus.APPROVED
    grant.refresh_from_db()
    assert grant.expires_at > ends
    assert is_bound(grant)


def test_an_edit_into_a_denial_is_refused(shop: Namespace, owner: Person, mate: Person) -> None:
    request = ask(shop, owner, "a.example.net")
    put_in_force(rule(then="deny: Use the mirror."))
    with pytest.raises(Refused, match="Use the mirror"):
        edit(request, shop, owner, "a.example.com")
    assert Request.objects.get().is_pending


def test_a_rule_book_changed_past_the_portal_approves_nothing(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    book = put_in_force("rules: []")
    RuleBook.objects.filter(pk=book.pk).update(text=rule())
    with pytest.raises(Refused, match="cannot be read"):
        ask(shop, owner)


def test_a_preview_says_what_the_rules_would_do(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    put_in_force(rule())
    seen = requests.preview(draft=make.draft(shop), actor=make.actor(owner))
    assert "RuleApproves" in {finding.reason for finding in seen.findings}
    assert not Grant.objects.exists()
