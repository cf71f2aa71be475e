"""Who decides what: scopes, stages, quorums, owners of catalogue entries, lent scopes."""

from typing import Any

import pytest

from egress import rules
from egress.domain.authority import Stage
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.models import Approval, AuditEvent, Namespace, Person, Request, Risk
from egress.services import requests
from egress.services.errors import Conflict, NotAllowed, Refused
from tests import factories as make

pytestmark = pytest.mark.django_db
YES, NO = Verdict.APPROVED, Verdict.DENIED


def decide(request: Request, who: Person, *verdicts: Verdict, note: str = "") -> Request:
    said = verdicts or (YES,) * request.destinations.count()
    return requests.decide(
        request=request,
        actor=make.actor(who),
        revision=request.revision,
        verdicts=dict(enumerate(said)),
        note=note,
    )


@pytest.fixture
def demanded(monkeypatch: pytest.MonkeyPatch) -> list[Stage]:
    """What rules demand of every request; a test fills it."""
    wanted: list[Stage] = []
    from egress.domain import authority

    def stages_for(findings: Any, _: Any = ()) -> tuple[Stage, ...]:
        return authority.stages_for(findings, tuple(wanted))

    monkeypatch.setattr("egress.services.requests.decisions.stages_for", stages_for)
    monkeypatch.setattr("egress.services.requests.assessment.stages_for", stages_for)
    return wanted


# --- scopes -------------------------------------------------------------------------------------


def test_an_approver_approves_only_hosts_of_their_scope(shop: Namespace, owner: Person) -> None:
    partners = make.approver("petra", destinations="*.partners.com")
    asked = make.request(shop, owner, "a.partners.com", "api.example.com")
    allowed, why = rules.why_may_decide(partners, asked)
    assert allowed
    assert 'not for hosts such as "api.example.com"' in why
    with pytest.raises(NotAllowed) as caught:
        decide(asked, partners)
    assert caught.value.reason == "NotApproverOfHost"
    assert '"api.example.com"' in caught.value.message
    assert "ask an admin" in caught.value.message
    make.approver("alice")
    with pytest.raises(NotAllowed, match="alice"):
        decide(asked, partners)
    done = decide(asked, partners, YES, NO)
    assert [grant.host for grant in done.grants.all()] == ["a.partners.com"]


def test_who_decides_one_destination_may_deny_all(shop: Namespace, owner: Person) -> None:
    partners = make.approver(destinations="*.partners.com")
    asked = make.request(shop, owner, "a.partners.com", "api.example.com")
    assert decide(asked, partners, NO, NO, note="No.").status == RequestStatus.DENIED


def test_an_approver_of_other_hosts_decides_nothing(shop: Namespace, owner: Person) -> None:
    partners = make.approver(destinations="*.partners.com")
    asked = make.request(shop, owner, "partners.com")
    with pytest.raises(NotAllowed) as caught:
        decide(asked, partners, NO, note="No.")
    assert 'not for hosts such as "partners.com"' in caught.value.message


def test_an_approver_up_to_a_risk_leaves_the_rest_to_others(shop: Namespace, owner: Person) -> None:
    careful = make.approver(max_risk=Risk.WARN)
    asked = make.request(shop, owner, risk=Risk.REVIEW)
    allowed, why = rules.why_may_decide(careful, asked)
    assert not allowed
    assert why == (
        "You may not decide: this request asks for a review, and you are an approver up to the "
        'risk "warn".'
    )


def test_a_risk_that_rose_since_counts(shop: Namespace, owner: Person) -> None:
    careful = make.approver(max_risk=Risk.INFO)
    # Port 22 asks for a review, which the stored risk does not say.
    asked = make.request(shop, owner, make.destination("sftp.example.com", 22))
    assert rules.may_decide(careful, asked)
    with pytest.raises(NotAllowed, match="asks for a review"):
        decide(asked, careful)


def test_what_nobody_may_approve_in_whole_is_not_asked(shop: Namespace, owner: Person) -> None:
    make.approver(destinations="a.example.com")
    make.approver(destinations="b.example.com")
    draft = make.draft(shop, "a.example.com", "b.example.com")
    with pytest.raises(Refused) as caught:
        requests.submit(draft=draft, actor=make.actor(owner))
    assert caught.value.reason == "NobodyCanApprove"


# --- stages -------------------------------------------------------------------------------------


def test_a_stage_of_a_team_is_in_the_queue_of_its_members(
    shop: Namespace, owner: Person, mate: Person, demanded: list[Stage]
) -> None:
    demanded[:] = [Stage("approval", 1), Stage("security", 1, "security")]
    sam = make.person("sam", teams=["security"])
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert [(row.name, row.team) for row in asked.stages.all()] == [
        ("approval", ""),
        ("security", "security"),
    ]
    allowed, why = rules.why_may_decide(sam, asked)
    assert allowed
    assert 'team "security", whose word the stage "security" needs' in why
    assert decide(asked, sam).is_pending
    waiting = AuditEvent.objects.get(tag="request:approval-given")
    assert 'more must agree to the same terms: 1 in "approval"' in waiting.message
    assert Approval.objects.get().stage == "security"
    done = decide(asked, mate)
    assert done.status == RequestStatus.APPROVED
    event = AuditEvent.objects.get(tag="request:approved")
    assert event.data["stages"] == {"approval": ["mate"], "security": ["sam"]}


def test_one_person_counts_for_one_stage_only(
    shop: Namespace, owner: Person, demanded: list[Stage]
) -> None:
    demanded[:] = [Stage("approval", 1), Stage("security", 1, "security")]
    both = make.approver("both", teams=["security"])
    with pytest.raises(Refused) as caught:
        requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert "Nobody counts for two stages" in caught.value.message
    make.person("sam", teams=["security"])
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert decide(asked, both).is_pending
    with pytest.raises(Conflict, match="already"):
        decide(asked, both)


def test_a_request_whose_stage_nobody_can_fill_is_refused(
    shop: Namespace, owner: Person, mate: Person, demanded: list[Stage]
) -> None:
    demanded[:] = [Stage("security", 2, "security"), Stage("approval", 1)]
    make.person("sam", teams=["security"])
    with pytest.raises(Refused) as caught:
        requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert caught.value.message == (
        'For namespace "shop" of cluster "main" only sam of team "security" may decide in stage '
        '"security", and 1 more approver is needed. Nobody counts for two stages. Ask an admin '
        "to name one."
    )


def test_who_left_the_team_is_not_heard_any_more(
    shop: Namespace, owner: Person, mate: Person, demanded: list[Stage]
) -> None:
    demanded[:] = [Stage("approval", 1), Stage("security", 1, "security")]
    sam, tom = (make.person(name, teams=["security"]) for name in ("sam", "tom"))
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    decide(asked, sam)
    sam.groups.clear()
    assert decide(asked, mate).is_pending
    assert decide(asked, tom).status == RequestStatus.APPROVED


def test_stages_that_rules_added_meanwhile_are_needed(
    shop: Namespace, owner: Person, mate: Person, demanded: list[Stage]
) -> None:
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    demanded[:] = [Stage("security", 1, "security"), Stage("approval", 1)]
    assert decide(asked, mate).is_pending
    sam = make.person("sam", teams=["security"])
    assert rules.may_decide(sam, asked), "the stages are noted, so it is in their queue now"


# --- owners of catalogue entries ------------------------------------------------------------------


def test_the_team_of_a_catalogue_entry_decides_what_is_all_in_it(
    shop: Namespace, owner: Person
) -> None:
    make.preset(make.team("vendors"), "a.example.com", "b.example.com")
    vera = make.person("vera", teams=["vendors"])
    draft = make.draft(shop, "a.example.com", "b.example.com")
    asked = requests.submit(draft=draft, actor=make.actor(owner))
    assert "your team owns the catalogue entries" in rules.why_may_decide(vera, asked)[1]
    mixed = make.request(shop, owner, "a.example.com", "c.example.com")
    assert not rules.may_decide(vera, mixed)
    assert not rules.may_view_request(vera, mixed)
    assert decide(asked, vera).status == RequestStatus.APPROVED


def test_who_owns_an_entry_does_not_decide_their_own_request(shop: Namespace) -> None:
    make.preset(make.team("vendors"), "a.example.com")
    vera = make.person("vera", teams=["vendors", "team-shop"])
    asked = make.request(shop, vera, "a.example.com")
    allowed, why = rules.why_may_decide(vera, asked)
    assert not allowed
    assert "yourself" in why


# --- lent scopes ----------------------------------------------------------------------------------


def test_a_delegate_decides_for_who_lent_and_the_trail_says_so(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    bob = make.person("bob")
    make.delegation(alice, bob)
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert 'for "alice"' in rules.why_may_decide(bob, asked)[1]
    assert decide(asked, bob).decided_by == "bob"
    event = AuditEvent.objects.get(tag="request:approved")
    assert event.message.endswith('for "alice".')
    assert event.data["for"] == {"bob": "alice"}
    assert Approval.objects.get().lender == alice


def test_what_is_lent_does_not_decide_wishes_of_who_lent_it(shop: Namespace, alice: Person) -> None:
    bob = make.person("bob")
    make.delegation(alice, bob)
    asked = make.request(shop, alice)
    allowed, why = rules.why_may_decide(bob, asked)
    assert not allowed
    assert 'what "alice" lends you does not count' in why
    make.role(bob, "approver")
    assert rules.may_decide(bob, asked), "by a right of their own they may"


def test_a_right_and_its_loan_count_once(
    shop: Namespace, owner: Person, alice: Person, demanded: list[Stage]
) -> None:
    demanded[:] = [Stage("approval", 2)]
    bob = make.person("bob")
    make.delegation(alice, bob)
    asked = make.request(shop, owner)
    decide(asked, alice)
    assert decide(asked, bob).is_pending
    assert decide(asked, make.approver()).status == RequestStatus.APPROVED


def test_a_delegate_of_several_counts_once_and_in_one_stage(
    shop: Namespace, owner: Person, alice: Person, mate: Person, demanded: list[Stage]
) -> None:
    demanded[:] = [Stage("approval", 1), Stage("security", 1, "security")]
    bob = make.person("bob", teams=["security"])
    for lender in (alice, mate):
        make.delegation(lender, bob)
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert decide(asked, bob).is_pending, "their team's stage is one, and what is lent no second"
    with pytest.raises(Conflict, match="already"):
        decide(asked, bob)
    assert decide(asked, alice).status == RequestStatus.APPROVED
    event = AuditEvent.objects.get(tag="request:approved")
    assert event.data["stages"] == {"approval": ["alice"], "security": ["bob"]}


def test_the_seat_in_a_team_is_not_lent(
    shop: Namespace, owner: Person, mate: Person, demanded: list[Stage]
) -> None:
    demanded[:] = [Stage("approval", 1), Stage("security", 1, "security")]
    sam = make.approver("sam", teams=["security"])
    bob = make.person("bob")
    make.delegation(sam, bob)
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert decide(asked, bob).is_pending
    assert decide(asked, mate).is_pending, "two approvers, and nobody of the team"
    assert decide(asked, sam).status == RequestStatus.APPROVED


def test_what_is_lent_to_a_requester_does_not_decide_their_own_request(
    shop: Namespace, owner: Person, alice: Person, demanded: list[Stage]
) -> None:
    demanded[:] = [Stage("approval", 1), Stage("security", 1, "security")]
    make.person("sam", teams=["security"])
    owner.groups.add(make.team("security"))
    make.delegation(alice, owner)
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    allowed, why = rules.why_may_decide(owner, asked)
    assert not allowed
    assert "yourself" in why
    with pytest.raises(NotAllowed):
        decide(asked, owner)


def test_a_loan_ends_with_the_right_of_who_lent_it(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    bob, asked = make.person("bob"), make.request(shop, owner)
    make.delegation(alice, bob)
    assert rules.may_decide(bob, asked)
    Person.objects.filter(pk=alice.pk).update(is_active=False)
    assert not rules.may_decide(bob, asked)
    Person.objects.filter(pk=alice.pk).update(is_active=True)
    alice.roles.all().delete()
    assert not rules.may_decide(bob, asked)
