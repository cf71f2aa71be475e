"""The page of grants that owners confirm or drop, and what it says elsewhere."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.models import AuditEvent, Grant, Namespace, Person, Recertification
from egress.web import recertification_page
from tests import factories as make
from tests.web.records.pages import XSS, get, post, signed_in, text

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def asked(shop: Namespace, owner: Person) -> list[Recertification]:
    """Three grants of the shop that wait, due soonest first."""
    hosts = [f"h{number}.example.com" for number in range(3)]
    return [
        make.asked_about(make.endless(shop, owner, host=host), days=2 + 4 * number)
        for number, host in enumerate(hosts)
    ]


def live() -> int:
    return Grant.objects.filter(status=GrantStatus.ACTIVE).count()


def test_an_owner_finds_what_waits_soonest_first_in_few_queries(
    asked: list[Recertification], mate: Person, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(mate)
    with django_assert_max_num_queries(12):
        page = text(client.get("/recertification"))
    places = [page.index(f'value="confirm:{row.grant_id}"') for row in asked]
    assert places == sorted(places)
    assert "in 1 day" in page
    assert "Asked for by owner, granted by approver" in page
    assert "Team team-shop owns the namespace" in page
    assert '>3<span class="visually-hidden"> waiting' in page


def test_others_find_nothing_and_admins_and_auditors_read_only(
    asked: list[Recertification], stranger: Person, alice: Person, adam: Person, olga: Person
) -> None:
    for who in (stranger, alice):
        assert "h0.example" not in text(get(who, "recertification"))
    for who in (adam, olga):
        page = text(get(who, "recertification"))
        assert "h0.example" in page
        assert 'name="only"' not in page
        assert 'name="grants"' not in page
        assert "h0.example" not in text(get(who, "recertification", query="?whose=mine"))


def test_several_are_confirmed_with_one_note(asked: list[Recertification], owner: Person) -> None:
    keys = [row.grant_id for row in asked[:2]]
    done = post(owner, "recertification", grants=keys, answer="confirm", note="Cards.")
    assert done.status_code == 302
    assert (
        sorted(Recertification.objects.filter(note="Cards.").values_list("grant", flat=True))
        == keys
    )
    assert AuditEvent.objects.filter(tag="recertification:confirmed").count() == 2
    page = text(get(owner, "recertification", query="?state=confirmed"))
    assert "Cards." in page
    assert "h2.example" not in page


def test_one_is_dropped_by_its_own_button_whatever_is_ticked(
    asked: list[Recertification], owner: Person
) -> None:
    ticked, meant = asked[0].grant_id, asked[1].grant_id
    done = post(owner, "recertification", grants=[ticked], only=f"drop:{meant}")
    assert done.status_code == 302
    assert live() == 2
    assert Grant.objects.get(pk=meant).status == GrantStatus.REVOKED
    assert "Dropped" in text(get(owner, "recertification", query="?state=ended"))


def test_what_is_refused_is_said_beside_its_row_and_what_was_typed_stays(
    asked: list[Recertification], owner: Person, payments: Namespace
) -> None:
    foreign = make.asked_about(make.endless(payments)).grant_id
    closed = make.endless(asked[0].grant.cluster.namespaces.get(name="shop")).pk
    keys = [asked[0].grant_id, foreign, closed]
    answer = post(owner, "recertification", grants=keys, answer="drop", note=XSS)
    assert answer.status_code == 422
    page = text(answer)
    assert XSS not in page
    assert "2 answers were not taken" in page
    assert f"There is no grant {foreign} among those you may see." in page
    assert Grant.objects.get(pk=foreign).status == GrantStatus.ACTIVE
    assert Grant.objects.get(pk=asked[0].grant_id).status == GrantStatus.REVOKED


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"answer": "confirm"},
        {"answer": "", "grants": ["1"]},
        {"answer": "drop", "grants": ["x", "9" * 30]},
        {"answer": "drop", "grants": [str(n) for n in range(51)]},
        {"only": "drop"},
        {"only": "drop:\0"},
        {"only": "burn:1"},
    ],
)
def test_a_form_that_makes_no_sense_does_nothing(
    asked: list[Recertification], owner: Person, sent: dict[str, Any]
) -> None:
    assert post(owner, "recertification", **sent).status_code == 422
    assert live() == 3


@pytest.mark.parametrize(
    "query",
    ["?state=x", "?cluster=no", "?namespace=%00", "?after=1.2.3", "?after=" + "9" * 18 + ".1",
     "?before=x", "?whose=x", "?state=confirmed&after=5.5", "?state=ended", "?state=soon"],
)  # fmt: skip
def test_filters_that_make_no_sense_are_no_failure(
    asked: list[Recertification], owner: Person, adam: Person, query: str
) -> None:
    for who in (owner, adam):
        assert get(who, "recertification", query=query).status_code == 200


def test_filters_narrow(asked: list[Recertification], payments: Namespace, adam: Person) -> None:
    make.asked_about(make.endless(payments, host="pay.example.com"))
    page = text(get(adam, "recertification", query="?namespace=payments"))
    assert ("pay.example" in page, "h0.example" in page) == (True, False)
    page = text(get(adam, "recertification", query="?state=soon"))
    assert ("h0.example" in page, "h1.example" in page) == (True, False)


def test_pages_lead_on_by_when_they_are_due(
    asked: list[Recertification], owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recertification_page, "ROWS_PER_PAGE", 2)
    Recertification.objects.update(due_at=asked[0].due_at)
    client, seen, query = signed_in(owner), [], ""
    for _ in range(2):
        page = client.get(f"/recertification{query}").context["page"]
        seen += [row.pk for row in page.rows]
        query = page.older
    assert (seen, query) == ([row.pk for row in asked], "")
    back = client.get(f"/recertification{page.newer}").context["page"]
    assert [row.pk for row in back.rows] == seen[:2]


def test_the_page_of_a_grant_asks_its_owners_and_takes_their_answer(
    asked: list[Recertification], owner: Person, alice: Person, olga: Person
) -> None:
    first, second = (row.grant_id for row in asked[:2])
    page = text(get(owner, "grant", first))
    assert "Confirm this grant" in page
    assert "its owners are asked" in page
    approvers = text(get(alice, "grant", first))
    assert ("Confirm this grant" in approvers, "Drop this grant" in approvers) == (False, True)
    assert "Drop this grant" not in text(get(olga, "grant", first))
    assert post(owner, "grant-confirm", first, reason="Cards.").status_code == 302
    assert post(owner, "grant-confirm", first, reason="Cards.").status_code == 409
    page = text(get(owner, "grant", first))
    assert "by owner" in page
    assert "Confirmed that" in page
    assert post(owner, "grant-drop", second, note="x" * 451).status_code == 422
    assert post(owner, "grant-drop", second).status_code == 302
    assert post(alice, "grant-confirm", asked[2].grant_id).status_code == 403
    assert live() == 2


def test_home_shows_what_waits_and_nothing_to_others(
    asked: list[Recertification], owner: Person, alice: Person
) -> None:
    page = text(get(owner, "home"))
    assert "Still needed?" in page
    assert "All 3 that wait for you" in page
    assert "Still needed?" not in text(get(alice, "home"))


def test_an_admin_sets_the_cycle(shop: Namespace, adam: Person) -> None:
    sent: dict[str, object] = {"enforcement": "sidecar", "recertify_days": "90"}
    assert post(adam, "cluster-settings", "main", **sent).status_code == 302
    shop.cluster.refresh_from_db()
    assert shop.cluster.recertify_days == 90
    for wrong in ("", "x", "-1", "14", "99999"):
        answer = post(adam, "cluster-settings", "main", **sent | {"recertify_days": wrong})
        assert answer.status_code == 422
    make.endless(shop, created_at=timezone.now() - DAY)
    answer = post(adam, "cluster-settings", "main", **sent | {"recertify_days": "0"})
    assert answer.status_code == 409
    assert "has no end date" in text(answer)
