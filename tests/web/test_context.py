"""The frame of every page: navigation, banners, version, and what the browser may run."""

from typing import Any

import pytest
from django.conf import settings as live_settings
from django.urls import reverse

from egress.domain.lifecycle import RequestStatus
from egress.models import Cluster, Namespace, Person, Request
from egress.services import requests as service
from tests import factories
from tests.web.browsing import body, get, inline_code, post, typed, words

pytestmark = pytest.mark.django_db


def test_everybody_sees_the_links_that_are_of_use_to_them(
    owner: Person, alice: Person, adam: Person, olga: Person
) -> None:
    queue, administration = (f'href="{reverse(name)}"' for name in ("queue", "administration"))
    for who, decides, administers in (
        (owner, False, False),
        (alice, True, False),
        (adam, False, True),
        (olga, False, False),
    ):
        page = body(get(who, "grants"))
        assert (queue in page, administration in page) == (decides, administers), who


def test_whose_team_is_asked_for_its_word_finds_the_queue(
    shop: Namespace, owner: Person, stranger: Person
) -> None:
    guard = factories.person("guard", teams=["security"])
    link = f'href="{reverse("queue")}"'
    factories.stage(factories.request(shop, owner), "Security", team="security")
    page = body(get(guard, "grants"))
    assert link in page
    assert ">1<" in page.split('id="queue-count-wide"')[1]
    assert link not in body(get(stranger, "grants"))
    Request.objects.update(status=RequestStatus.WITHDRAWN)
    assert link not in body(get(guard, "grants"))


def test_the_navigation_marks_where_one_is(owner: Person) -> None:
    link = f'href="{reverse("request-new")}" aria-current="page"'
    assert link in body(get(owner, "request-new"))
    assert link not in body(get(owner, "home"))


def test_the_version_stands_on_every_page(owner: Person) -> None:
    for who, name in ((None, "sign-in"), (owner, "home"), (owner, "search")):
        assert f"Egress Portal {live_settings.VERSION}" in words(get(who, name))


def test_a_sandbox_is_called_one_on_every_page(
    cluster: Cluster, shop: Namespace, owner: Person, stranger: Person
) -> None:
    sentence = "Cluster main is for trying the portal, not a real mesh."
    assert sentence not in words(get(owner, "home"))
    Cluster.objects.update(is_sandbox=True)
    for name in ("home", "request-new", "search", "grants"):
        assert sentence in words(get(owner, name))
    assert "main" not in words(get(stranger, "home")), "clusters of others stay unknown"


def test_visitors_learn_no_name_of_a_cluster(cluster: Cluster, settings: Any) -> None:
    Cluster.objects.update(is_sandbox=True, reachable=False, problem="refused by 10.0.0.1")
    settings.DEMO = True
    page = words(get(None, "sign-in"))
    assert "Sandbox." in page
    assert "main" not in page
    assert "10.0.0.1" not in page


def test_an_unreachable_cluster_is_announced_with_what_it_means(
    shop: Namespace, owner: Person
) -> None:
    Cluster.objects.update(reachable=False, problem="Connection refused")
    page = words(get(owner, "home"))
    assert "Cluster main cannot be reached" in page
    assert "applied when it answers again" in page


def test_a_cluster_that_a_newer_portal_writes_to_is_announced_as_read_only(
    shop: Namespace, owner: Person
) -> None:
    assert "read-only" not in words(get(owner, "home"))
    Cluster.objects.update(generator_version=10_000)
    assert "Cluster main is read-only here." in words(get(owner, "home"))


def test_an_approver_sees_the_length_of_the_queue_everywhere(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    factories.request(shop, owner)
    assert ">1<" in body(get(alice, "search")).split('id="queue-count-wide"')[1]


def test_no_page_contains_inline_script_or_style(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    asked = service.submit(draft=factories.draft(shop), actor=factories.actor(owner))
    pages = [
        get(None, "sign-in"),
        get(owner, "home"),
        get(owner, "request-new"),
        get(owner, "request-new", query="?host=localhost&namespace=shop"),
        post(owner, "request-new", data=typed(shop, "localhost")),
        post(owner, "request-preview", data=typed(shop), htmx=True),
        get(owner, "request", asked.pk),
        get(alice, "request", asked.pk),
        get(owner, "request-edit", asked.pk),
        get(owner, "request-progress", asked.pk),
        get(alice, "queue"),
        get(alice, "queue-row", asked.pk),
        post(alice, "queue-row-decide", asked.pk, data={"verdict": "deny", "revision": "1"}),
        get(owner, "search", query="?q=shop"),
        get(owner, "request", 999999),
    ]
    assert [inline_code(body(page)) for page in pages] == [[] for _ in pages]


def test_the_browser_is_told_to_run_nothing_but_our_files(owner: Person) -> None:
    policy = get(owner, "home")["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["default-src"] == "'none'"
    assert '"allowEval":false' in body(get(owner, "home"))


def test_a_page_works_at_every_width_and_says_its_language(owner: Person) -> None:
    page = body(get(owner, "home"))
    assert '<html lang="en">' in page
    assert 'content="width=device-width, initial-scale=1"' in page
    assert '<a class="skip" href="#content">' in page


def test_only_one_entry_of_the_navigation_is_the_present_page(owner: Person) -> None:
    for name in ("requests", "request-new"):
        page = body(get(owner, name))
        current = [part for part in page.split("<a ") if "aria-current" in part.split(">")[0]]
        assert current
        assert all(f'href="{reverse(name)}"' in part for part in current)
