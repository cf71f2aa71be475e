"""Foreign objects on the pages: listed, looked at, and asked to be adopted."""

from collections.abc import Iterator
from typing import Any

import pytest

from egress.models import Adoption, Cluster, ForeignObject, Person, Request
from egress.services import posture
from tests.services.adopting import HOST, Adopting, adopting_company
from tests.web.records.pages import XSS, get, post, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(alice: Person, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adopting]:
    with adopting_company(settings, monkeypatch) as made:
        made.plant()
        look(made)
        yield made


def look(company: Adopting) -> None:
    posture.look(Cluster.objects.get(pk=company.cluster.pk), company.gateway)


def listed(name: str = "partner") -> ForeignObject:
    return ForeignObject.objects.get(name=name)


def said(**more: Any) -> dict[str, Any]:
    row = listed()
    version = {"uid": row.uid, "resource_version": row.resource_version}
    return {**version, "duration_days": 30, "reason": "The partner still needs it.", **more}


def ask(who: Person, **more: Any) -> Any:
    return post(who, "cluster-foreign-adopt", "company", listed().uid, **said(**more))


def test_the_cluster_s_page_names_what_leads_out(company: Adopting, owner: Person) -> None:
    page = text(get(owner, "cluster", "company"))
    assert "Foreign egress objects" in page
    assert "shop/partner" in page
    assert HOST in page
    assert "Ask for adoption" in page
    assert "sftp-partner" not in page, "it lies in a namespace of others"


def test_a_cluster_without_foreign_objects_says_so(adam: Person, cluster: Cluster) -> None:
    assert "The portal has not looked yet." in text(get(adam, "cluster", cluster.name))


def test_the_list_is_narrowed_by_text_kind_and_what_can_be_adopted(
    company: Adopting, adam: Person
) -> None:
    company.plant("wide", exportTo=["*"], hosts=["wide.example.com"])
    look(company)

    def names(query: str) -> list[str]:
        page = text(get(adam, "cluster-foreign", "company", query=query))
        return [name for name in ("partner<", "sftp-partner<", "wide<") if f"/{name}" in page]

    assert names("") == ["partner<", "sftp-partner<", "wide<"]
    assert names("?q=WIDE.example") == ["wide<"]
    assert names("?kind=Sidecar") == []
    assert names("?adoptable=on") == ["partner<", "sftp-partner<"]
    assert names("?kind=nonsense") == []


def test_whoever_may_not_ask_sees_no_button(company: Adopting, olga: Person, alice: Person) -> None:
    for person in (olga, alice):
        page = text(get(person, "cluster-foreign", "company"))
        assert "shop/partner" in page
        assert "Ask for adoption" not in page
        assert get(person, "cluster-foreign-adopt", "company", listed().uid).status_code == 403


def test_strangers_find_nothing(company: Adopting, stranger: Person) -> None:
    assert get(stranger, "cluster-foreign-adopt", "company", listed().uid).status_code == 404


def test_before_asking_the_page_shows_what_comes_and_what_goes(
    company: Adopting, owner: Person
) -> None:
    page = text(get(owner, "cluster-foreign-adopt", "company", listed().uid))
    assert "What would be created" in page
    assert "What would be deleted" in page
    assert "egress-portal.io/installation" in page
    assert "name: partner" in page
    gone = page.partition("What would be deleted")[2]
    assert gone.index("metadata:") < gone.index("spec:")
    assert "managedFields" not in page


def test_what_cannot_be_adopted_says_why_and_offers_no_form(
    company: Adopting, adam: Person
) -> None:
    company.plant("wide", exportTo=["*"])
    look(company)
    answer = get(adam, "cluster-foreign-adopt", "company", listed("wide").uid)
    assert answer.status_code == 200
    assert "every namespace" in text(answer)
    assert "<textarea" not in text(answer)


def test_what_a_policy_blocks_is_said_before_anybody_asks(company: Adopting, adam: Person) -> None:
    page = text(get(adam, "cluster-foreign-adopt", "company", listed("sftp-partner").uid))
    assert "which the public DNS does not know" in page
    assert "It cannot be adopted now" in page
    assert "<textarea" not in page


def test_the_team_asks_and_lands_on_the_request(
    company: Adopting, owner: Person, alice: Person
) -> None:
    answer = ask(owner)
    request = Request.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/requests/{request.pk}"
    for person in (owner, alice):
        page = text(get(person, "request", request.pk))
        assert "What would be deleted" in page
        assert "shop/partner" in page
        assert "/api/v1/clusters/company/foreign/adopt/" in page
    assert "an adoption" in text(get(alice, "queue"))
    assert "What would be deleted" in text(get(alice, "queue-row", request.pk))
    page = text(get(owner, "cluster-foreign", "company"))
    assert f"Request {request.pk}" in page
    assert "Ask for adoption" not in page


def test_what_is_asked_for_already_is_not_offered_again(company: Adopting, owner: Person) -> None:
    ask(owner)
    page = text(get(owner, "cluster-foreign-adopt", "company", listed().uid))
    assert f"Request #{Request.objects.get().pk} asks to adopt" in page
    assert f'href="/requests/{Request.objects.get().pk}"' in page
    assert "<textarea" not in page


def test_an_adoption_is_offered_to_the_approver_as_a_whole(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant("two", hosts=["a.two.example.com", "b.two.example.com"])
    request = company.adopt(entry, owner)
    for page in (get(alice, "request", request.pk), get(alice, "queue-row", request.pk)):
        assert "approved or denied as a whole" in text(page)
        assert "what is ticked" not in text(page)
    verdict = {"verdict": "approve", "revision": 1, "approve": ["0", "1"]}
    assert post(alice, "request-decide", request.pk, **verdict).status_code == 302
    request.refresh_from_db()
    assert request.status == "approved"


def test_the_list_begins_with_what_can_be_adopted_and_goes_by_kind_and_name(
    company: Adopting, adam: Person
) -> None:
    for name in ("b", "a", "c"):
        company.plant(name, exportTo=["*"], hosts=[f"{name}.example.com"])
    look(company)
    page = text(get(adam, "cluster-foreign", "company"))
    places = [page.index(f"/{name}<") for name in ("sftp-partner", "partner", "a", "b", "c")]
    assert places == sorted(places)


def test_a_page_of_an_earlier_list_does_not_say_that_nothing_is_foreign(
    company: Adopting, adam: Person
) -> None:
    before = ForeignObject.objects.order_by("pk")[0].pk
    company.plant("more", exportTo=["*"])
    look(company)
    page = text(get(adam, "cluster-foreign", "company", query=f"?before={before}"))
    assert "Nothing foreign leads out" not in page
    assert "The list was made anew" in page


def test_an_object_that_changed_under_the_page_is_not_asked_for(
    company: Adopting, owner: Person
) -> None:
    answer = ask(owner, resource_version="1")
    assert answer.status_code == 409
    assert "was changed since" in text(answer)
    assert not Adoption.objects.exists()


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"duration_days": 0}, {"uid": ""}])
def test_a_form_with_gaps_is_shown_again(
    company: Adopting, owner: Person, wrong: dict[str, Any]
) -> None:
    assert ask(owner, **wrong).status_code == 422
    assert not Adoption.objects.exists()


def test_after_the_approval_the_request_tells_what_became_of_it(
    company: Adopting, owner: Person, alice: Person
) -> None:
    ask(owner)
    request = Request.objects.get()
    company.approve(request, alice)
    company.converge(2)
    page = text(get(owner, "request", request.pk))
    assert "Deleted" in page
    assert "was deleted; the grants of the request replace it" in page


def test_what_others_wrote_is_escaped(company: Adopting, owner: Person) -> None:
    ForeignObject.objects.filter(name="partner").update(managers=[XSS], sentence=XSS)
    assert XSS not in text(get(owner, "cluster", "company"))
    assert XSS not in text(get(owner, "cluster-foreign", "company"))


def test_an_adoption_that_an_admin_asked_for_shows_the_approver_what_changes(
    company: Adopting, adam: Person, alice: Person
) -> None:
    ask(adam)
    request = Request.objects.get()
    for page in (get(alice, "request", request.pk), get(alice, "queue-row", request.pk)):
        assert page.status_code == 200
        assert "may no longer ask" not in text(page)
        assert "does not belong to one of your teams" not in text(page)
        assert "+kind: ServiceEntry" in text(page)
