"""Template tags that every page shares: badges, icons, times, diffs."""

import json
import re
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from egress.selectors.clusters import COUNTED_AT_MOST
from egress.web.style.badges import BADGES, KIND_ICONS, TAG_ICONS, TONES, VERB_ICONS, Badge

register = template.Library()


@register.filter
def as_json(value: object) -> str:
    """Return the value as JSON, for an attribute that a script reads."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag
@lru_cache(maxsize=500)
def icon(name: str, extra: str = "") -> SafeString:
    """Return one icon of the sprite. Decoration only: the word stands beside it.

    Kept, because a long list has two hundred and each would look its file up.
    """
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        static("icons.svg"),
        name,
    )


@receiver(setting_changed)
def _find_icons_anew(setting: str, **_: object) -> None:
    if setting in ("STORAGES", "STATIC_URL"):
        icon.cache_clear()


@register.simple_tag
def badge(state: object, word: str = "") -> SafeString:
    """Return the badge of a state, with another word when one is given.

    A state that has no badge is shown in quiet tone under its own name.
    """
    key = str(getattr(state, "value", state))
    look = BADGES.get(key) or Badge(key.replace("-", " ").capitalize(), "info", "quiet")
    return custom_badge(word or look.word, look.icon, look.tone)


@register.simple_tag
def custom_badge(word: str, icon_name: str, tone: str) -> SafeString:
    """Return a badge of a word, an icon and one of the six tones."""
    chosen = tone if tone in TONES else "quiet"
    return format_html(
        '<span class="badge-status tone-{}">{}{}</span>', chosen, icon(icon_name), word
    )


def in_words(delta: timedelta) -> str:
    """Return a length of time in its largest whole unit, such as "3 days"."""
    seconds = int(abs(delta.total_seconds()))
    for size, unit in ((86_400 * 365, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def relative(at: datetime, now: datetime) -> str:
    """Return `at` as seen from `now`: "just now", "3 days ago", "in 2 hours"."""
    delta = at - now
    if abs(delta) < timedelta(minutes=1):
        return "just now" if delta <= timedelta() else "in a moment"
    return f"in {in_words(delta)}" if delta > timedelta() else f"{in_words(delta)} ago"


@register.simple_tag
def ago(at: datetime | None, missing: str = "never") -> SafeString | str:
    """Return a relative time with the exact time on hover, `missing` without a time."""
    if at is None:
        return missing
    exact = at.astimezone(timezone.get_current_timezone())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        exact.isoformat(),
        exact.strftime("%Y-%m-%d %H:%M:%S %Z"),
        relative(at, timezone.now()),
    )


@register.simple_tag
def due(at: datetime) -> SafeString:
    """Return when the worker turns to something: "due 3 minutes ago", "next try in 2 minutes"."""
    return format_html("{} {}", "next try" if at > timezone.now() else "due", ago(at))


@register.filter
def days(count: int | None) -> str:
    """Return a duration in days as words, "no end date" for None."""
    if count is None:
        return "no end date"
    return f"{count} day{'' if count == 1 else 's'}"


@register.filter
def counted(number: int) -> str:
    """Return a number that was counted so far only, "10,000+" where counting ended."""
    more = number > COUNTED_AT_MOST
    return f"{COUNTED_AT_MOST:,}+" if more else f"{number:,}"


@register.filter
def at_dots(host: str) -> SafeString:
    """Return a host that breaks after its dots where it does not fit, escaped."""
    labels = re.split(r"(?<=\.)", str(host))
    return format_html_join("", "{}<wbr>", ((label,) for label in labels))


@register.filter
def coded(text: str) -> SafeString:
    """Return a sentence whose names in backticks are shown as code, everything escaped."""
    pieces = str(text).split("`")
    if len(pieces) % 2 == 0:
        return format_html("{}", text)
    forms = ("{}", "<code>{}</code>")
    return format_html_join(
        "", "{}", ((format_html(forms[n % 2], piece),) for n, piece in enumerate(pieces))
    )


def diff_class(line: str) -> str:
    """Return the CSS class of one line of a unified diff."""
    if line.startswith(("+++", "---", "diff ")):
        return "diff-line diff-file"
    if line.startswith("@@"):
        return "diff-line diff-hunk"
    if line.startswith("+"):
        return "diff-line diff-add"
    if line.startswith("-"):
        return "diff-line diff-del"
    return "diff-line"


@register.filter
def diff_lines(text: str) -> SafeString:
    """Return a unified diff with one escaped, classed element per line.

    The + and - stay in the text, so that nothing depends on colour.
    """
    return format_html_join(
        "",
        '<span class="{}">{}</span>',
        ((diff_class(line), line or " ") for line in text.splitlines()),
    )


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: object) -> str:
    """Return the page's query string with some parameters set, or removed when empty."""
    changed = {name: [] if value in ("", None) else [value] for name, value in changes.items()}
    query = dict(context["request"].GET.lists()) | changed
    return f"?{urlencode(query, doseq=True)}"


@register.simple_tag
def kind_icon(kind: str) -> SafeString:
    """Return the icon of a kind of notification, in its tone."""
    name, tone = KIND_ICONS.get(str(kind), ("info", "note"))
    return format_html('<span class="kind-icon tone-{}">{}</span>', tone, icon(name))


@register.simple_tag
def tag_icon(tag: str) -> SafeString:
    """Return the icon of an audit tag."""
    return icon(TAG_ICONS.get(str(tag)) or VERB_ICONS.get(str(tag).partition(":")[2], "info"))
