"""What somebody typed and did not send: kept for them alone, through sessions that end."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from egress.domain.lifecycle import RequestStatus
from egress.models import AuditEvent, Draft, Namespace, Person, Request
from egress.tasks import clear_sessions
from tests import factories
from tests.web.browsing import body, get, post, signed_in, typed, words

pytestmark = pytest.mark.django_db
NEW = "/requests/new"


def form_of(who: Person, shop: Namespace, *hosts: str, **changes: object) -> dict[str, object]:
    """The form with what its page hides in it."""
    return typed(shop, *hosts, **({"place": NEW, "who": str(who.pk)} | changes))


def keep(who: Person, form: dict[str, object]) -> Any:
    return post(who, "draft-keep", data=form, htmx=True)


def test_what_is_typed_is_kept_and_stands_in_the_form_again(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    form = form_of(
        owner, shop, "a.example.com", "b.example.com", reason="Half a sen", duration_days="30"
    )
    assert "Kept as your draft." in words(keep(owner, form))
    page = get(owner, "request-new")
    assert "This is what you typed just now and did not send." in words(page)
    for part in ('value="a.example.com"', 'value="b.example.com"', "Half a sen</textarea>"):
        assert part in body(page)
    assert '<option value="30" selected>' in body(page)
    assert not AuditEvent.objects.exists()


def test_each_link_has_a_draft_of_its_own(shop: Namespace, owner: Person, alice: Person) -> None:
    link = "/requests/new?host=link.example.com"
    keep(owner, form_of(owner, shop, "link.example.com", reason="Of the link") | {"place": link})
    keep(owner, form_of(owner, shop, "plain.example.com"))
    linked = body(get(owner, "request-new", query="?host=link.example.com"))
    plain = body(get(owner, "request-new"))
    assert "Of the link" in linked
    assert "Of the link" not in plain
    assert "plain.example.com" in plain
    assert "did not send" not in words(get(owner, "request-new", query="?host=other.example.com"))


def test_nobody_else_finds_a_draft(
    shop: Namespace, owner: Person, mate: Person, adam: Person, alice: Person
) -> None:
    keep(owner, form_of(owner, shop, "secret-plan.example.com"))
    for who in (mate, adam, alice):
        assert "secret-plan" not in body(get(who, "request-new"))
        assert "secret-plan" not in body(get(who, "home"))
        post(who, "draft-drop", data={"place": NEW})
    assert Draft.objects.count() == 1


def test_home_leads_back_to_what_was_typed_and_lets_it_be_thrown_away(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    assert "You were asking for" not in words(get(owner, "home"))
    keep(owner, form_of(owner, shop, "a.example.com"))
    page = get(owner, "home")
    assert "You were asking for a.example.com for shop, typed just now" in words(page)
    assert f'href="{NEW}"' in body(page)
    dropped = post(owner, "draft-drop", data={"place": NEW, "from": "home"})
    assert dropped["Location"] == reverse("home")
    assert not Draft.objects.exists()


def test_sending_forgets_the_draft(shop: Namespace, owner: Person, alice: Person) -> None:
    form = form_of(owner, shop, "a.example.com")
    keep(owner, form)
    post(owner, "request-new", data=form | {"reason": ""})
    assert Draft.objects.count() == 1, "a refusal sends nothing"
    post(owner, "request-new", data=form)
    assert Request.objects.count() == 1
    assert not Draft.objects.exists()


def test_an_emptied_form_is_no_draft(shop: Namespace, owner: Person, alice: Person) -> None:
    keep(owner, form_of(owner, shop, "a.example.com"))
    empty = {"place": NEW, "destinations-0-host": "", "destinations-0-port": "443"}
    keep(owner, empty | {"destinations-0-protocol": "TLS"})
    assert not Draft.objects.exists()


def test_a_draft_never_holds_a_password(shop: Namespace, owner: Person, alice: Person) -> None:
    form = form_of(
        owner,
        shop,
        "https://me:hunter2@a.example.com/x",
        "curl -u me:hunter2 https://b.example.com",
        "-H hunter2 nothing",
        reason="It is postgres://app:hunter2@db.example.com/x, PASSWORD=hunter2",
        ticket="https://me:hunter2@tickets.example.com",
        paste="hunter2",
        place="/requests/new?paste=hunter2&host=me:hunter2@a.example.com",
    )
    keep(owner, form)
    draft = Draft.objects.get()
    assert "hunter2" not in draft.content + draft.place
    assert "a.example.com" in draft.content
    assert "b.example.com" in draft.content


def test_the_place_of_a_draft_is_a_form_of_this_portal(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    for place in (
        "https://evil.example/requests/new",
        "//evil.example/",
        "/grants",
        "javascript:1",
        "\0",
    ):
        keep(owner, form_of(owner, shop, "a.example.com") | {"place": place})
    assert set(Draft.objects.values_list("place", flat=True)) == {NEW}
    dropped = post(owner, "draft-drop", data={"place": "//evil.example/"})
    assert dropped["Location"] == NEW


def test_an_edit_that_was_not_saved_is_kept_with_its_request(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    pending = factories.request(shop, owner, "api.stripe.com")
    place = reverse("request-edit", args=[pending.pk])
    keep(owner, form_of(owner, shop, "other.example.com") | {"place": place})
    assert 'value="other.example.com"' in body(get(owner, "request-edit", pending.pk))
    Request.objects.update(status=RequestStatus.DENIED)
    assert get(owner, "request-edit", pending.pk).status_code == 409


def test_drafts_are_few_short_and_forgotten_after_a_month(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    for number in range(22):
        place = {"place": f"/requests/new?host=h{number}.example.com"}
        keep(owner, form_of(owner, shop, "a.example.com") | place)
    assert Draft.objects.count() == 20
    keep(mate, form_of(mate, shop, "x" * 30_000))
    assert not Draft.objects.filter(person=mate).exists()
    old = Draft.objects.order_by("pk")[0]
    Draft.objects.filter(pk=old.pk).update(saved_at=timezone.now() - timedelta(days=31))
    clear_sessions()
    assert Draft.objects.count() == 19
    assert not Draft.objects.filter(pk=old.pk).exists()


# --- sessions and tokens that ended -------------------------------------------------------------


def sign_in_form(page: str) -> dict[str, str]:
    """What the sign-in page sends along."""
    from html import unescape

    kept = unescape(page.split('name="kept" value="')[1].split('"')[0])
    following = unescape(page.split('name="next" value="')[1].split('"')[0])
    return {"kept": kept, "next": following}


def test_sending_after_the_session_ended_leads_to_sign_in_and_back_with_everything(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    client = Client()
    form = form_of(owner, shop, "a.example.com", "me:hunter2@b.example.com", paste="hunter2")
    form["reason"] = "Typed " * 300
    answer = client.post(NEW, form)
    assert answer.status_code == 403
    assert "What you typed is kept" in words(answer)
    assert "hunter2" not in body(answer)
    hidden = sign_in_form(body(answer))
    wrong = client.post(reverse("sign-in"), hidden | {"username": "owner", "password": "no"})
    hidden = sign_in_form(body(wrong))
    credentials = {"username": "owner", "password": factories.PASSWORD}
    back = client.post(reverse("sign-in"), hidden | credentials)
    assert back["Location"] == NEW
    page = body(client.get(NEW))
    assert 'value="a.example.com"' in page
    assert "Typed Typed" in page
    assert not Request.objects.exists()


def test_what_one_person_typed_is_not_given_to_another(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    client = Client()
    hidden = sign_in_form(body(client.post(NEW, form_of(owner, shop, "a.example.com"))))
    client.post(reverse("sign-in"), hidden | {"username": "mate", "password": factories.PASSWORD})
    assert not Draft.objects.exists()
    assert "a.example.com" not in body(client.get(NEW))


def test_htmx_is_sent_to_sign_in_and_back_to_the_form(shop: Namespace, owner: Person) -> None:
    answer = post(None, "request-new", data=form_of(owner, shop), htmx=True)
    assert answer["HX-Redirect"].startswith(reverse("sign-in"))


def test_an_old_token_shows_the_form_again_and_sends_nothing(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    client = signed_in(owner, enforce_csrf_checks=True)
    answer = client.post(NEW, form_of(owner, shop, "a.example.com", reason="Long story"))
    assert answer.status_code == 403
    assert "Nothing is lost: look it over and send it again." in words(answer)
    assert 'value="a.example.com"' in body(answer)
    assert "Long story</textarea>" in body(answer)
    assert not Request.objects.exists()
    dropped = client.post(reverse("draft-drop"), {"place": NEW})
    assert "too old" in words(dropped)


def test_a_form_that_another_site_sends_is_neither_shown_nor_kept(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    form = form_of(owner, shop, "evil.example.com")
    here = {"headers": {"Origin": "http://testserver"}}
    lured = {"headers": {"Origin": "https://evil.example"}}
    for client in (Client(enforce_csrf_checks=True), signed_in(owner, enforce_csrf_checks=True)):
        assert "evil.example.com" in body(client.post(NEW, form, **here))
        answer = client.post(NEW, form, **lured)
        assert answer.status_code == 403
        assert "evil.example.com" not in body(answer)


@pytest.mark.parametrize("kept", ["\0", "a=1&" * 3000, "place=%00&who=1", "%ff=%fe", "who=x"])
def test_hostile_text_beside_the_password_changes_nothing(
    owner: Person, kept: str, shop: Namespace
) -> None:
    form = {"username": "owner", "password": factories.PASSWORD, "kept": kept}
    assert Client().post(reverse("sign-in"), form).status_code == 302


def test_a_kept_link_is_taken_as_it_was_written(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    query = urlencode({"host": "a.example.com", "reason": "Exports"})
    form = form_of(owner, shop, "a.example.com", "b.example.com") | {"place": f"{NEW}?{query}"}
    keep(owner, form)
    assert 'value="b.example.com"' in body(get(owner, "request-new", query=f"?{query}"))


def test_superusers_look_at_rows_and_not_into_drafts(
    shop: Namespace, owner: Person, superuser: Person
) -> None:
    keep(owner, form_of(owner, shop, "secret-plan.example.com"))
    draft = Draft.objects.get()
    client = signed_in(superuser)
    for name, args in (("changelist", []), ("change", [draft.pk])):
        page = client.get(reverse(f"admin:egress_draft_{name}", args=args), follow=True)
        assert page.status_code == 200
        assert "secret-plan" not in body(page)


def test_a_comment_after_the_session_ended_leads_back_to_its_page(shop: Namespace) -> None:
    sent = {"text": "Hello"}
    page = "http://testserver/requests/7?live=1"
    answer = Client().post("/requests/7/comment", sent, headers={"Referer": page})
    assert answer["Location"] == "/sign-in?next=%2Frequests%2F7%3Flive%3D1"
    elsewhere = Client().post(
        "/requests/7/comment", sent, headers={"Referer": "http://evil.example/x"}
    )
    assert elsewhere["Location"].endswith("next=/requests/7/comment")
    odd = Client().post("/requests/7/comment", sent, headers={"Referer": "http://[oops"})
    assert odd.status_code == 302
