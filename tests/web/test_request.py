"""One request: what its page shows to whom, deciding, withdrawing, comments, live progress."""

from typing import Any

import pytest
from django.urls import reverse

from egress.domain.authority import Stage
from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Grant, Namespace, Person, Request
from egress.services import requests as service
from tests import factories
from tests.web.browsing import XSS, body, get, post, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(shop: Namespace, owner: Person, alice: Person) -> Request:
    """A pending request of the owner for two hosts, which alice may decide."""
    draft = factories.draft(shop, "api.stripe.com", "api.github.com", duration_days=90)
    return service.submit(draft=draft, actor=factories.actor(owner))


def decision(request: Request, verdict: str = "approve", **changes: object) -> dict[str, object]:
    return {
        "revision": str(request.revision),
        "verdict": verdict,
        "approve": ["0", "1"],
        "note": "",
        "duration": "as-asked",
        **changes,
    }


def decide(who: Person, request: Request, **changes: Any) -> Any:
    return post(who, "request-decide", request.pk, data=decision(request, **changes))


# --- reading ------------------------------------------------------------------------------------


def test_everybody_concerned_reads_it_and_strangers_do_not(
    pending: Request, owner: Person, mate: Person, alice: Person, olga: Person, adam: Person
) -> None:
    for who in (owner, mate, alice, olga, adam):
        assert get(who, "request", pending.pk).status_code == 200, who
    stranger = factories.person("someone", teams=["team-payments"])
    for name in ("request", "request-progress"):
        assert get(stranger, name, pending.pk).status_code == 404
    for name in ("request-decide", "request-withdraw", "request-comment"):
        assert post(stranger, name, pending.pk).status_code == 404
    assert get(None, "request", pending.pk).status_code == 302


def test_the_page_shows_what_is_asked_what_would_change_and_what_happened(
    pending: Request, owner: Person
) -> None:
    page = words(get(owner, "request", pending.pk))
    for part in (
        "api.stripe.com",
        "90 days, from when access works",
        "The shop needs it.",
        "kind: ServiceEntry",
        "Asked for access of shop",
        "Waiting for a decision",
        "curl -X POST",
        "/api/v1/requests/",
        "kubectl -n shop get serviceentry.networking.istio.io",
    ):
        assert part in page


def test_the_page_says_why_somebody_may_or_may_not_decide(
    pending: Request, owner: Person, alice: Person, adam: Person
) -> None:
    assert "You may decide because you are an approver" in words(get(alice, "request", pending.pk))
    for who in (owner, adam):
        response = get(who, "request", pending.pk)
        assert "You may not decide" in words(response)
        assert 'name="verdict"' not in body(response)


def test_only_the_requester_is_offered_to_edit_and_withdraw(
    pending: Request, owner: Person, mate: Person
) -> None:
    edit = reverse("request-edit", args=[pending.pk])
    assert edit in body(get(owner, "request", pending.pk))
    assert edit not in body(get(mate, "request", pending.pk))


def test_what_people_wrote_is_escaped(shop: Namespace, owner: Person, alice: Person) -> None:
    row = factories.request(shop, owner, reason=XSS, decision_note=XSS)
    row.findings = [{"reason": "X", "message": XSS, "level": "warn", "field": "namespace"}]
    row.save()
    service.comment(request=row, actor=factories.actor(owner), text=XSS)
    Request.objects.update(status=RequestStatus.DENIED, decided_by=XSS)
    page = body(get(alice, "request", row.pk))
    assert XSS not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


# --- deciding -----------------------------------------------------------------------------------


def test_an_approver_approves_and_grants_follow(pending: Request, alice: Person) -> None:
    response = decide(alice, pending)
    assert response["Location"] == reverse("request", args=[pending.pk])
    assert Grant.objects.filter(request=pending, status=GrantStatus.PENDING).count() == 2


def test_an_approver_trims_and_shortens(pending: Request, alice: Person) -> None:
    decide(alice, pending, approve=["1"], duration="30")
    grant = Grant.objects.get(request=pending)
    assert (grant.host, grant.duration_days) == ("api.github.com", 30)
    page = words(get(alice, "request", pending.pk))
    assert "api.stripe.com :443 TLS Denied" in page
    said = "Approved api.github.com:443 for 30 days instead of 90; denied api.stripe.com:443."
    assert said in page


def test_what_an_approver_wrote_stands_in_the_timeline(pending: Request, alice: Person) -> None:
    decide(alice, pending, note="Only for <the> summer.")
    timeline = body(get(alice, "request", pending.pk)).split('class="timeline"')[1]
    assert "Only for &lt;the&gt; summer." in timeline


def test_a_failure_says_what_to_do_next(pending: Request, alice: Person, owner: Person) -> None:
    decide(alice, pending)
    grants = Grant.objects.filter(request=pending)
    grants.filter(host="api.stripe.com").update(
        failed_reason="ForeignObject", failed_message="ServiceEntry shop/x is in the way."
    )
    grants.filter(host="api.github.com").update(failed_reason="Invalid", failed_message="No.")
    for name in ("request", "request-progress"):
        page = get(owner, name, pending.pk)
        assert "ServiceEntry shop/x is in the way." in words(page)
        assert "or let the portal adopt it." in words(page)
        assert 'href="/clusters/main/foreign"' in body(page)
        assert 'href="/requests/new?cluster=main&amp;namespace=shop' in body(page)


def test_the_request_is_copied_for_other_tools_by_one_press(
    pending: Request, alice: Person, owner: Person
) -> None:
    page = body(get(owner, "request", pending.pk))
    for name in ("curl", "kubectl", "yaml"):
        assert f'data-copy="#copy-{name}"' in page
        assert f'id="copy-{name}"' in page
    decide(alice, pending, verdict="deny", note="No.")
    page = body(get(owner, "request", pending.pk))
    assert 'data-copy="#copy-curl"' in page
    assert 'data-copy="#copy-yaml"' not in page, "it would change nothing any more"


def test_the_cluster_is_read_when_somebody_asks_and_its_silence_is_said(
    pending: Request, alice: Person
) -> None:
    assert "Compare with the cluster now" in words(get(alice, "request", pending.pk))
    page = words(get(alice, "request", pending.pk, query="?live=1"))
    assert "The cluster could not be read" in page


def test_a_denial_needs_its_reason_and_keeps_what_was_typed(
    pending: Request, alice: Person
) -> None:
    response = decide(alice, pending, verdict="deny", note=" ", duration="30", approve=["1"])
    assert response.status_code == 422
    page = body(response)
    assert "Say why you deny this" in page
    assert '<option value="30" selected>' in page
    assert 'value="0" id="decide-approve-0">' in page, "the tick taken away stays away"
    pending.refresh_from_db()
    assert pending.is_pending
    decide(alice, pending, verdict="deny", note="Use the proxy.")
    assert "Use the proxy." in words(get(alice, "request", pending.pk))


def test_approving_nothing_is_refused(pending: Request, alice: Person) -> None:
    response = decide(alice, pending, approve=[])
    assert response.status_code == 422
    assert "Tick at least one destination" in words(response)


def test_nobody_decides_their_own_request(shop: Namespace, mate: Person, alice: Person) -> None:
    own = service.submit(draft=factories.draft(shop), actor=factories.actor(mate))
    response = decide(mate, own, approve=["0"])
    assert response.status_code == 403
    assert "you asked for this yourself" in words(response)
    assert not Grant.objects.exists()


def test_admins_and_auditors_do_not_decide(
    pending: Request, adam: Person, olga: Person, superuser: Person
) -> None:
    for who in (adam, olga, superuser):
        assert decide(who, pending).status_code == 403
    assert not Grant.objects.exists()


def test_a_revision_that_moved_is_a_conflict_that_shows_the_new_state(
    pending: Request, alice: Person
) -> None:
    Request.objects.update(revision=2, reason="A new reason")
    response = post(alice, "request-decide", pending.pk, data=decision(pending))
    assert response.status_code == 409
    page = words(response)
    assert "Your decision was not taken" in page
    assert "A new reason" in page
    assert 'name="revision" value="2"' in body(response)
    assert not Grant.objects.exists()


def test_deciding_twice_is_a_conflict(pending: Request, alice: Person) -> None:
    decide(alice, pending)
    response = decide(alice, pending)
    assert response.status_code == 409
    assert "approved already by alice" in words(response)


@pytest.mark.parametrize(
    "changes",
    [
        {"revision": ""},
        {"revision": "x"},
        {"revision": "9" * 30},
        {"verdict": ""},
        {"verdict": "maybe"},
        {"approve": ["x", "99"]},
        {"duration": "-5"},
        {"duration": "9999"},
        {"duration": "none"},
        {"note": "\0"},
        {"note": "x" * 3000},
    ],
)
def test_a_form_made_by_hand_decides_nothing(
    pending: Request, alice: Person, changes: dict[str, Any]
) -> None:
    assert decide(alice, pending, **changes).status_code in (409, 422)
    assert not Grant.objects.exists()


def test_deciding_needs_the_token_of_the_form(pending: Request, alice: Person) -> None:
    client = signed_in(alice, enforce_csrf_checks=True)
    answer = client.post(reverse("request-decide", args=[pending.pk]), decision(pending))
    assert answer.status_code == 403
    assert not Grant.objects.exists()


def test_deciding_is_not_possible_by_a_link(pending: Request, alice: Person) -> None:
    for name in ("request-decide", "request-withdraw", "request-comment"):
        assert get(alice, name, pending.pk).status_code == 405


# --- withdrawing and comments ---------------------------------------------------------------------


def test_the_requester_withdraws(pending: Request, owner: Person, mate: Person) -> None:
    assert post(mate, "request-withdraw", pending.pk).status_code == 403
    post(owner, "request-withdraw", pending.pk)
    pending.refresh_from_db()
    assert pending.status == RequestStatus.WITHDRAWN
    assert "Taken back by owner" in words(get(owner, "request", pending.pk))


def test_withdrawing_what_is_decided_says_so(
    pending: Request, owner: Person, alice: Person
) -> None:
    decide(alice, pending)
    client = signed_in(owner)
    answer = client.post(reverse("request-withdraw", args=[pending.pk]), follow=True)
    assert "cannot be withdrawn" in words(answer)


def test_whoever_reads_it_comments(pending: Request, olga: Person) -> None:
    post(olga, "request-comment", pending.pk, data={"text": "Why both?"})
    assert "Why both?" in words(get(olga, "request", pending.pk))


def test_an_empty_or_too_long_comment_is_refused_and_kept(pending: Request, owner: Person) -> None:
    long = "x" * 4001
    response = post(owner, "request-comment", pending.pk, data={"text": long})
    assert response.status_code == 422
    assert long in body(response)
    assert post(owner, "request-comment", pending.pk, data={"text": " "}).status_code == 422
    assert not pending.comments.exists()


# --- progress -----------------------------------------------------------------------------------


def test_progress_asks_again_while_anything_moves_and_then_stops(
    pending: Request, owner: Person, alice: Person
) -> None:
    waiting = get(owner, "request-progress", pending.pk, htmx=True)
    assert waiting.status_code == 200
    assert 'hx-trigger="every 5s"' in body(waiting)
    decide(alice, pending)
    applying = get(owner, "request-progress", pending.pk, htmx=True)
    assert applying.status_code == 200
    assert 'hx-trigger="every 2s"' in body(applying)
    Grant.objects.update(status=GrantStatus.ACTIVE)
    done = get(owner, "request-progress", pending.pk, htmx=True)
    assert done.status_code == 286
    assert "hx-trigger" not in body(done)
    assert "It is in force." in words(done)


def test_progress_tells_that_the_page_is_older_than_the_request(
    pending: Request, owner: Person, alice: Person
) -> None:
    decide(alice, pending)
    query = "?seen=pending-1"
    response = get(owner, "request-progress", pending.pk, query=query, htmx=True)
    assert response.status_code == 286
    assert "This request has changed: it is approved now" in words(response)


def test_a_failure_is_told_in_words_and_asked_again_slowly(
    pending: Request, owner: Person, alice: Person
) -> None:
    decide(alice, pending)
    Grant.objects.update(failed_reason="ForeignObject", failed_message="Adopt 'x' first.")
    response = get(owner, "request-progress", pending.pk, htmx=True)
    assert "Adopt 'x' first." in words(response)
    assert 'hx-trigger="every 10s"' in body(response)


def test_two_approvers_are_told_of_each_other(
    pending: Request, alice: Person, mate: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two(*_: object) -> tuple[Stage, ...]:
        return (Stage("approval", 2),)

    monkeypatch.setattr("egress.services.requests.decisions.stages_for", two)
    monkeypatch.setattr("egress.services.requests.assessment.stages_for", two)
    client = signed_in(alice)
    url = reverse("request-decide", args=[pending.pk])
    first = client.post(url, decision(pending, approve=["0"], duration="30"), follow=True)
    assert "One more person must agree" in words(first)
    page = body(get(mate, "request", pending.pk))
    assert "Two people must approve." in page
    assert '<option value="30" selected>' in page, "the second starts from the first one's terms"
    assert 'value="1" id="decide-approve-1">' in page
    decide(mate, pending, approve=["0"], duration="30")
    assert Grant.objects.count() == 1


def test_an_approver_reads_what_the_cluster_said_when_it_was_asked_for(
    pending: Request, alice: Person
) -> None:
    assert "The cluster did not answer in time" in words(get(alice, "request", pending.pk))
