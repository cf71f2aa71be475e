"""Days and minutes in UTC, as people and links write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

YEARS = range(1970, 9000)
"""An age in which a day more or less still is a date."""

_WRITTEN = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(?P<seconds>:\d\d(\.\d{1,6})?)?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?"
)
_EXAMPLE = "Give a day such as 2026-11-02, or a minute such as 2026-11-02 09:30, in UTC."


class MomentInput(forms.DateTimeInput):
    """The browser's own picker; a plain field for what the picker would hide as wrong."""

    input_type = "datetime-local"

    def __init__(self, *, ends: bool = False) -> None:
        super().__init__()
        self.ends = ends

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Return the context of the template, with the value as the picker takes it."""
        context = super().get_context(name, value, attrs)
        if value:
            shown, input_type = str(value), "text"
            try:
                at, length = _read(shown)
                last = at + length - timedelta(minutes=1) if self.ends else at
                shown, input_type = f"{last:%Y-%m-%dT%H:%M}", self.input_type
            except (ValueError, OverflowError):
                pass
            context["widget"] |= {"value": shown, "type": input_type}
        return context


class MomentField(forms.CharField):
    """A day or a minute, in UTC unless it says another zone.

    Its value is the moment at which what was named begins, or with `ends` the one at which it is
    over: `2026-11-02` ends at midnight, `2026-11-02 09:30` a minute later.
    """

    def __init__(self, *, ends: bool = False, **kwargs: Any) -> None:
        super().__init__(max_length=40, widget=MomentInput(ends=ends), **kwargs)
        self.ends = ends

    def clean(self, value: Any) -> datetime | None:
        """Return the moment, None for nothing. Raises ValidationError for what is no time."""
        text = super().clean(value)
        if not text:
            return None
        try:
            at, length = _read(text)
        except (ValueError, OverflowError):
            raise forms.ValidationError(f"“{text}” is no time. {_EXAMPLE}") from None
        if at.year not in YEARS:
            raise forms.ValidationError(f"Give a day of the years {YEARS[0]} to {YEARS[-1]}.")
        return at + length if self.ends else at


def _read(text: str) -> tuple[datetime, timedelta]:
    """Return when what was named begins, in UTC, and how long it lasts.

    Raises ValueError for what is no time, OverflowError at the ends of all time.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or not text.isascii():
        raise ValueError(text)
    at = datetime.fromisoformat(text.strip())
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if found["seconds"]:
        return at, timedelta(seconds=1)
    return at, timedelta(minutes=1) if found["time"] else timedelta(days=1)


def length_of(text: str) -> timedelta:
    """Return how long what was written lasts: a day, a minute, a second; nothing for no time."""
    try:
        return _read(text)[1]
    except (ValueError, OverflowError):
        return timedelta()
