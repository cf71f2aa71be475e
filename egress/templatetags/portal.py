"""Template tags that every page shares: badges, icons, times, diffs."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from egress.selectors.clusters import COUNTED_AT_MOST

register = template.Library()


@dataclass(frozen=True)
class Badge:
    """How one state looks: its word, its icon and its tone. Never the colour alone."""

    word: str
    icon: str
    tone: str


BADGES: dict[str, Badge] = {
    # requests and verdicts
    "pending": Badge("Pending", "clock", "wait"),
    "approved": Badge("Approved", "check-circle", "good"),
    "denied": Badge("Denied", "x-circle", "bad"),
    "withdrawn": Badge("Withdrawn", "undo", "quiet"),
    "lapsed": Badge("Lapsed", "hourglass", "quiet"),
    # grants
    "active": Badge("Active", "check-circle", "good"),
    "expiring": Badge("Expiring", "hourglass", "wait"),
    "suspended": Badge("Suspended", "pause", "held"),
    "expired": Badge("Expired", "stop", "quiet"),
    "revoked": Badge("Revoked", "x-circle", "quiet"),
    # conditions of grants
    "applied": Badge("Applied", "check", "good"),
    "drifted": Badge("Drifted", "drift", "wait"),
    "missing": Badge("Missing", "alert", "bad"),
    "failed": Badge("Failed", "alert", "bad"),
    "confirmed": Badge("Confirmed gone", "shield-check", "quiet"),
    "unconfirmed": Badge("Being removed", "hourglass", "wait"),
    # finding levels
    "block": Badge("Blocks", "stop", "bad"),
    "review": Badge("Needs two approvers", "people", "held"),
    "warn": Badge("Warning", "alert", "wait"),
    "info": Badge("Note", "info", "note"),
    "clear": Badge("No findings", "check", "quiet"),
    # namespaces
    "enforced": Badge("Enforced", "shield-check", "good"),
    "granted-not-enforced": Badge("Granted, not enforced", "shield-off", "wait"),
    # deliveries and their steps
    "running": Badge("Running", "renew", "note"),
    "done": Badge("Done", "check-circle", "good"),
    "refused": Badge("Refused", "stop", "bad"),
    "abandoned": Badge("Abandoned", "unplugged", "quiet"),
    "intended": Badge("Writing", "renew", "note"),
    "written": Badge("Written", "check", "good"),
    "skipped": Badge("Skipped", "minus", "quiet"),
    "unknown": Badge("Unknown", "info", "wait"),
    "waiting": Badge("Waiting", "clock", "wait"),
    # clusters
    "reachable": Badge("Reachable", "check-circle", "good"),
    "unreachable": Badge("Unreachable", "unplugged", "bad"),
    "sandbox": Badge("Sandbox", "sandbox", "note"),
    "foreign": Badge("Foreign", "alert", "wait"),
    "adoptable": Badge("Adoptable", "check", "note"),
    "deleted": Badge("Deleted", "trash", "quiet"),
    "gone": Badge("Gone already", "minus", "quiet"),
    "stale": Badge("Changed since", "drift", "bad"),
    # checks and simple facts
    "pass": Badge("Pass", "check", "good"),
    "not-a-boundary": Badge("Not a boundary", "shield-off", "bad"),
    "fail": Badge("Fail", "x-circle", "bad"),
    "valid": Badge("Valid", "shield-check", "good"),
    "broken": Badge("Broken", "alert", "bad"),
    "inactive": Badge("Inactive", "minus", "quiet"),
    "yes": Badge("Yes", "check-circle", "good"),
    "no": Badge("No", "x-circle", "bad"),
    # actions of a plan
    "create": Badge("Create", "plus", "good"),
    "update": Badge("Update", "edit", "note"),
    "delete": Badge("Delete", "trash", "bad"),
    "unchanged": Badge("Unchanged", "check", "quiet"),
}

TONES = frozenset({"good", "wait", "bad", "note", "held", "quiet"})


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Return one icon of the sprite. Decoration only: the word stands beside it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        static("icons.svg"),
        name,
    )


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
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in ("", None):
            query.pop(name, None)
        else:
            query[name] = str(value)
    encoded = query.urlencode()
    return f"?{encoded}" if encoded else "?"


KIND_ICONS = {
    "to-decide": ("inbox", "note"),
    "decided": ("check-circle", "note"),
    "applied": ("key", "good"),
    "failed": ("alert", "bad"),
    "expiring": ("hourglass", "wait"),
    "drift": ("drift", "wait"),
}
"""Icon and tone of each kind of notification. Its title says the same in words."""


@register.simple_tag
def kind_icon(kind: str) -> SafeString:
    """Return the icon of a kind of notification, in its tone."""
    name, tone = KIND_ICONS.get(str(kind), ("info", "note"))
    return format_html('<span class="kind-icon tone-{}">{}</span>', tone, icon(name))


@register.simple_tag
def tag_icon(tag: str) -> SafeString:
    """Return the icon of an audit tag."""
    return icon(TAG_ICONS.get(str(tag)) or VERB_ICONS.get(str(tag).partition(":")[2], "info"))


TAG_ICONS = {
    "delivery:started": "box",
    "delivery:finished": "box",
    "cluster:connected": "server",
    "cluster:unreachable": "unplugged",
    "grant:failed": "alert",
    "drift:found": "drift",
}
VERB_ICONS = {
    "submitted": "plus",
    "edited": "edit",
    "commented": "comment",
    "approval-given": "check",
    "approved": "check-circle",
    "denied": "x-circle",
    "withdrawn": "undo",
    "lapsed": "hourglass",
    "created": "key",
    "activated": "check-circle",
    "renewed": "renew",
    "expiring": "hourglass",
    "expired": "stop",
    "revoked": "x-circle",
    "suspended": "pause",
    "resumed": "check-circle",
    "confirmed": "shield-check",
    "healed": "check",
    "heal-asked": "renew",
    "saved": "book",
    "tested": "spark",
    "changed": "edit",
    "bound": "people",
    "unbound": "people",
    "deactivated": "minus",
    "signed-in": "person",
    "signed-out": "leave",
}
