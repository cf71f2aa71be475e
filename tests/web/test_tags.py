"""The template tags: badges, times, diffs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from egress.domain.lifecycle import GrantStatus, RequestStatus, Verdict
from egress.domain.policies.finding import Level
from egress.models import Delivery, DeliveryStep
from egress.services.audit import Tag
from egress.templatetags import portal

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPRITE = "static/icons.svg"


@pytest.fixture
def sprite(request: pytest.FixtureRequest) -> str:
    """The text of the icon sprite."""
    return (request.config.rootpath / SPRITE).read_text()


@pytest.mark.parametrize(
    "state",
    [
        *RequestStatus,
        *GrantStatus,
        *Verdict,
        *Level,
        *Delivery.Outcome.values,
        *DeliveryStep.Result.values,
    ],
)
def test_every_state_has_a_badge_of_a_word_and_an_icon(state: str) -> None:
    assert str(state) in portal.BADGES
    shown = portal.badge(state)
    assert portal.BADGES[str(state)].word in shown
    assert "<use " in shown


def test_every_icon_that_is_named_exists(sprite: str) -> None:
    named = {look.icon for look in portal.BADGES.values()}
    named |= {*portal.TAG_ICONS.values(), *portal.VERB_ICONS.values()}
    assert [name for name in named if f'id="{name}"' not in sprite] == []


def test_every_audit_tag_has_an_icon(sprite: str) -> None:
    for tag in Tag:
        name = portal.tag_icon(tag).split("#")[1].split('"')[0]
        assert f'id="{name}"' in sprite


def test_an_unknown_state_is_shown_quietly_and_escaped() -> None:
    shown = portal.badge("<b>odd</b>")
    assert "tone-quiet" in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=5), "in a moment"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(hours=-5), "5 hours ago"),
        (timedelta(days=-1), "1 day ago"),
        (timedelta(days=3), "in 3 days"),
        (timedelta(days=-800), "2 years ago"),
    ],
)
def test_times_are_told_in_their_largest_unit(away: timedelta, words: str) -> None:
    assert portal.relative(NOW + away, NOW) == words


def test_a_time_carries_the_exact_one() -> None:
    shown = portal.ago(NOW)
    assert 'datetime="2026-11-21T12:00:00+00:00"' in shown
    assert 'title="2026-11-21 12:00:00 UTC"' in shown
    assert portal.ago(None, "not yet") == "not yet"


def test_diff_lines_are_escaped_and_keep_their_signs() -> None:
    shown = portal.diff_lines("--- today\n+++ after\n@@ -1 +1 @@\n-<b>\n+ok\n same")
    assert '<span class="diff-line diff-file">--- today</span>' in shown
    assert '<span class="diff-line diff-del">-&lt;b&gt;</span>' in shown
    assert '<span class="diff-line diff-add">+ok</span>' in shown
    assert '<span class="diff-line"> same</span>' in shown


def test_an_added_yaml_separator_is_an_added_line_not_a_file_name() -> None:
    assert portal.diff_class("+---") == "diff-line diff-add"


def test_names_in_backticks_become_code_and_everything_is_escaped() -> None:
    assert portal.coded("`<a>` may & `b`") == "<code>&lt;a&gt;</code> may &amp; <code>b</code>"
    assert portal.coded("one ` alone") == "one ` alone"


def test_what_is_due_is_told_from_what_is_tried_again_later() -> None:
    now = timezone.now()
    late, early = now - timedelta(minutes=3, seconds=5), now + timedelta(minutes=2, seconds=5)
    assert strip_tags(portal.due(late)) == "due 3 minutes ago"
    assert strip_tags(portal.due(early)) == "next try in 2 minutes"


def test_a_host_breaks_at_its_dots_and_is_escaped() -> None:
    assert portal.at_dots("a.b<.com") == "a.<wbr>b&lt;.<wbr>com<wbr>"
