"""The style page, and that each part of the interface is written once."""

from pathlib import Path
from typing import Any

import pytest

from egress.models import Person
from egress.web.style.badges import BADGES
from egress.web.style.page import TOASTS
from tests.web.browsing import body, get, inline_code, words

PARTS = {
    "_banners.html",
    "_diff.html",
    "_empty.html",
    "_findings.html",
    "_messages.html",
    "_object.html",
    "_object_name.html",
    "_pager.html",
    "_route.html",
    "_timeline.html",
    "_yaml.html",
    "grants/_table.html",
    "pictures/_bars.html",
    "pictures/_matrix.html",
    "pictures/_path.html",
    "records/_field.html",
    "records/_problems.html",
}
WRITTEN_ONCE = {
    'class="timeline"': "_timeline.html",
    'class="empty"': "_empty.html",
    'class="code diff"': "_diff.html",
    'class="step"': "_object.html",
    'class="code-head"': "_yaml.html",
    'class="pager" aria-label="Pages"': "_pager.html",
    'class="finding tone-bad"': "_finding.html",
    "badge-status": None,
}
"""Markup that makes a part, and the one template that has it; badges come from a template tag."""


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


def test_the_style_page_shows_every_state(owner: Person) -> None:
    page = words(get(owner, "style"))
    assert [name for name, look in BADGES.items() if look.word not in page] == []


def test_the_parts_are_those_of_the_pages(owner: Person) -> None:
    shown = {template.name for template in get(owner, "style").templates}
    assert shown >= PARTS


def test_pictures_and_objects_are_made_by_the_code_of_the_pages(owner: Person) -> None:
    page = words(get(owner, "style"))
    assert "The way from made-up/importer to api.example.com is open." in page
    assert "an object there could not be written" in page
    assert "kind: ServiceEntry" in page


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong(owner: Person) -> None:
    page = body(get(owner, "style"))
    assert 'value="https://api.example.com/"' in page
    assert "is a URL. Type the host alone." in words(get(owner, "style"))


def test_the_style_page_keeps_to_the_policy(owner: Person) -> None:
    assert inline_code(body(get(owner, "style"))) == []


@pytest.mark.parametrize("name", ["style", "style-toast"])
def test_beside_real_grants_there_is_no_style_page(owner: Person, settings: Any, name: str) -> None:
    settings.DEMO = settings.DEBUG = False
    assert get(owner, name).status_code == 404


def test_the_style_page_is_for_people_who_signed_in(db: None) -> None:
    assert get(None, "style").status_code == 302


@pytest.mark.parametrize("tone", TOASTS)
def test_each_tone_has_a_toast(owner: Person, tone: str) -> None:
    answer = get(owner, "style-toast", query=f"?tone={tone}", htmx=True)
    assert answer.status_code == 204
    assert TOASTS[tone] in answer.headers["HX-Trigger"]


@pytest.mark.parametrize("markup", WRITTEN_ONCE)
def test_each_part_is_written_once(markup: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.config.rootpath / "templates"
    having = [file for file in folder.rglob("*.html") if markup in file.read_text()]
    assert {str(file.relative_to(folder)) for file in having} == {WRITTEN_ONCE[markup]} - {None}
