"""The second look: confirmed or ended by somebody independent, and ended when nobody answers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import Verdict
from egress.models import AuditEvent, BreakGlass, Grant, Person, Request, Risk, Role
from egress.services import break_glass, convergence, requests
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from tests import factories as make
from tests.services.break_glass.opening import look, open_at_once, statuses, tags
from tests.services.rules import put_in_force, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(asked: Request, gina: Person) -> Request:
    """What gina opened for herself."""
    open_at_once(asked, gina)
    Grant.objects.update(status="active", active_at=timezone.now())
    asked.refresh_from_db()
    return asked


def late(**more: float) -> Any:
    """Return a moment after the time for the second look."""
    return timezone.now() + timedelta(hours=24, seconds=1, **more)


def test_confirming_keeps_the_short_end(opened: Request, mate: Person) -> None:
    ends = set(opened.grants.values_list("expires_at", flat=True))
    found = look(opened, mate, note="Seen.")
    stored = BreakGlass.objects.get()
    assert (stored.outcome, stored.looked_by, stored.note) == ("confirmed", mate, "Seen.")
    assert found.outcome == "confirmed"
    assert statuses(opened) == ["active", "active"]
    assert set(opened.grants.values_list("expires_at", flat=True)) == ends
    assert break_glass.lapse_unlooked(now=late()) == 0
    assert tags()[-1] == "break-glass:looked"


def test_ending_ends_it_at_once_and_says_why(opened: Request, mate: Person) -> None:
    with pytest.raises(Refused) as caught:
        look(opened, mate, "end")
    assert "note" in caught.value.fields
    look(opened, mate, "end", "It was not needed.")
    assert statuses(opened) == ["revoked", "revoked"]
    ended = opened.grants.first()
    assert ended is not None
    assert (ended.ended_by, ended.end_reason) == ("mate", "It was not needed.")
    assert tags()[-3:] == ["break-glass:looked", "grant:revoked", "grant:revoked"]


def test_unanswered_it_ends(opened: Request) -> None:
    assert break_glass.lapse_unlooked(now=timezone.now()) == 0
    assert break_glass.lapse_unlooked(now=late()) == 1
    stored = BreakGlass.objects.get()
    assert (stored.outcome, stored.looked_by) == ("lapsed", None)
    assert statuses(opened) == ["revoked", "revoked"]
    assert tags()[-3:] == ["break-glass:lapsed", "grant:revoked", "grant:revoked"]
    assert "was ended" in AuditEvent.objects.get(tag="break-glass:lapsed").message


def test_a_second_worker_ends_nothing_twice(opened: Request) -> None:
    break_glass.lapse_unlooked(now=late())
    count = AuditEvent.objects.count()
    assert break_glass.lapse_unlooked(now=late()) == 0
    assert AuditEvent.objects.count() == count


def test_what_a_crash_interrupts_is_done_by_the_next_round(
    opened: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("egress.services.audit.record_all", lambda _: 1 / 0)
        assert break_glass.lapse_unlooked(now=late()) == 0
    assert BreakGlass.objects.get().is_awaited
    assert statuses(opened) == ["active", "active"]
    assert break_glass.lapse_unlooked(now=late()) == 1
    assert statuses(opened) == ["revoked", "revoked"]


def test_the_worker_ends_it_by_itself(opened: Request, settings: Any) -> None:
    Grant.objects.update(expires_at=late(days=2))
    BreakGlass.objects.update(look_by=timezone.now())
    convergence.tend(timezone.now())
    assert statuses(opened) == ["revoked", "revoked"]


def test_a_look_at_what_ended_by_itself_is_for_the_record(opened: Request, mate: Person) -> None:
    Grant.objects.update(status="expired", ended_at=timezone.now())
    look(opened, mate, "end", "It should have waited.")
    assert statuses(opened) == ["expired", "expired"]
    assert BreakGlass.objects.get().outcome == "ended"


def test_what_ended_by_itself_lapses_for_the_record(opened: Request) -> None:
    Grant.objects.update(status="expired", ended_at=timezone.now())
    assert break_glass.lapse_unlooked(now=late()) == 1
    assert statuses(opened) == ["expired", "expired"]
    assert "nothing of it" in AuditEvent.objects.get(tag="break-glass:lapsed").message


def renewed(grant: Grant, by: Person, approver: Person | None = None) -> Request:
    """Return an approved renewal; without an approver the rule book approves it."""
    renewal = requests.renew(
        grant=grant, actor=make.actor(by), reason="We need it longer.", duration_days=30
    )
    if approver is None:
        return renewal
    return requests.decide(
        request=renewal, actor=make.actor(approver), revision=1, verdicts={0: Verdict.APPROVED}
    )


def test_an_ordinary_renewal_outlives_the_second_look_and_is_named(
    opened: Request, gina: Person, mate: Person
) -> None:
    first, second = opened.grants.order_by("pk")
    renewal = renewed(first, gina, mate)
    break_glass.lapse_unlooked(now=late())
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("active", "revoked")
    assert first.expires_at is not None
    assert first.expires_at > timezone.now() + timedelta(days=29)
    event = AuditEvent.objects.get(tag="break-glass:lapsed")
    assert event.message == (
        "Nobody gave the second look in time, so the access was ended. "
        f"Grant #{first.pk} stays: request #{renewal.pk} renewed it. Revoke it if it must end."
    )
    assert (event.data["kept"], event.data["renewals"]) == ([first.pk], [renewal.pk])


def test_ending_says_which_grants_stay_open(opened: Request, gina: Person, mate: Person) -> None:
    first, second = opened.grants.order_by("pk")
    renewals = [renewed(grant, gina, mate).pk for grant in (first, second)]
    look(opened, mate, "end", "Not needed.")
    assert statuses(opened) == ["active", "active"]
    event = AuditEvent.objects.get(tag="break-glass:looked")
    assert event.message == (
        "Nothing rested on break-glass alone, so nothing was ended. "
        f"Grants #{first.pk} and #{second.pk} stay: requests #{renewals[0]} and #{renewals[1]} "
        "renewed them. Revoke what must end."
    )
    assert event.data["kept"] == [first.pk, second.pk]


def test_nothing_open_is_not_said_of_what_was_renewed(
    opened: Request, gina: Person, mate: Person
) -> None:
    for grant in opened.grants.all():
        renewed(grant, gina, mate)
    break_glass.lapse_unlooked(now=late())
    message = AuditEvent.objects.get(tag="break-glass:lapsed").message
    assert "nothing of it" not in message
    assert " stay: requests " in message


def test_a_renewal_that_a_rule_approved_does_not_outlive_the_second_look(
    opened: Request, gina: Person
) -> None:
    put_in_force(rule())
    for grant in opened.grants.all():
        assert renewed(grant, gina).status == "approved"
    break_glass.lapse_unlooked(now=late())
    assert statuses(opened) == ["revoked", "revoked"]


def test_a_confirmation_that_comes_late_does_not_count(opened: Request, mate: Person) -> None:
    BreakGlass.objects.update(look_by=timezone.now())
    with pytest.raises(Conflict, match="is over"):
        look(opened, mate)
    look(opened, mate, "end", "Not needed.")
    assert statuses(opened) == ["revoked", "revoked"]


def test_there_is_one_second_look(opened: Request, mate: Person, alice: Person) -> None:
    look(opened, mate)
    with pytest.raises(Conflict, match="already"):
        look(opened, alice, "end", "No.")
    assert statuses(opened) == ["active", "active"]


def test_nobody_looks_at_what_they_opened_or_asked_for(
    opened: Request, gina: Person, owner: Person, shop: Any
) -> None:
    make.role(gina, Role.APPROVER)
    make.role(owner, Role.APPROVER)
    with pytest.raises(NotAllowed, match="You opened this yourself"):
        look(opened, gina)
    other = make.request(shop, owner, "c.example.com")
    open_at_once(other, gina)
    with pytest.raises(NotAllowed, match="You asked for this yourself"):
        look(other, owner)
    assert BreakGlass.objects.filter(outcome="pending").count() == 2


@pytest.mark.parametrize(
    "scope", [{"destinations": "a.example.com"}, {"max_risk": Risk.INFO}, {"namespaces": "pay*"}]
)
def test_who_could_not_approve_all_of_it_does_not_look(
    opened: Request, scope: dict[str, Any]
) -> None:
    Request.objects.update(risk=Risk.WARN)
    with pytest.raises((NotAllowed, Missing)):
        look(opened, make.approver("petra", **scope))
    assert BreakGlass.objects.get().is_awaited


@pytest.mark.parametrize("who", ["owner", "adam", "superuser", "olga"])
def test_who_is_no_approver_does_not_look(
    opened: Request, who: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotAllowed, match="independent approvers"):
        look(opened, request.getfixturevalue(who))


def test_a_delegate_looks_in_place_of_an_independent_approver(
    opened: Request, gina: Person, alice: Person, stranger: Person
) -> None:
    make.role(gina, Role.APPROVER)
    make.delegation(gina, stranger)
    with pytest.raises(NotAllowed):
        look(opened, stranger)
    make.delegation(alice, stranger)
    assert look(opened, stranger).outcome == "confirmed"


def test_only_what_was_opened_so_is_looked_at(asked: Request, mate: Person) -> None:
    with pytest.raises(Missing, match="not opened by break-glass"):
        look(asked, mate)


def test_an_answer_is_one_of_two(opened: Request, mate: Person) -> None:
    with pytest.raises(Refused, match='"maybe" is no answer'):
        look(opened, mate, "maybe")
