"""The tokens of the interface, read from its style sheet, so that the page never lags behind."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

from egress.web.style.badges import TONES

SHEET, SPRITE = "portal.css", "icons.svg"
READABLE = 4.5
"""The contrast that text needs (WCAG 2.2, 1.4.3)."""
GROUNDS = ("paper", "surface", "sunken")
INKS = ("ink", "ink-soft", "accent", *sorted(TONES))
_LIGHT = re.compile(r"^:root \{(.*?)^\}", re.DOTALL | re.MULTILINE)
_DARK = re.compile(r"^:root\[data-bs-theme=\"dark\"\] \{(.*?)^\}", re.DOTALL | re.MULTILINE)
_SYSTEM = re.compile(r":root:not\(\[data-bs-theme\]\) \{(.*?)\}", re.DOTALL)
_DECLARED = re.compile(r"--([\w-]+): ([^;]+);")
_SYMBOL = re.compile(r'<symbol id="([\w-]+)"')


@dataclass(frozen=True)
class Token:
    """One token with its value in the light and in the dark theme."""

    name: str
    light: str
    dark: str


@dataclass(frozen=True)
class Pair:
    """Text of one token on the ground of another, with the contrast in each theme, 1 to 21."""

    ink: str
    ground: str
    light: float
    dark: float

    @property
    def is_readable(self) -> bool:
        """Whether people with weak eyes can read it in both themes."""
        return min(self.light, self.dark) >= READABLE


@cache
def tokens() -> tuple[Token, ...]:
    """Return every token in the order of the style sheet."""
    light, dark = _declared(_LIGHT), _declared(_DARK)
    return tuple(Token(name, value, dark.get(name, value)) for name, value in light.items())


def colours() -> tuple[Token, ...]:
    """Return the tokens that are colours."""
    return tuple(one for one in tokens() if one.light.startswith("#"))


def spaces() -> tuple[Token, ...]:
    """Return the steps of space, the smallest first."""
    return tuple(one for one in tokens() if re.fullmatch(r"s\d", one.name))


def others() -> tuple[Token, ...]:
    """Return the tokens of type, and the few that stand alone."""
    known = {*colours(), *spaces()}
    return tuple(one for one in tokens() if one not in known)


def dark_of_the_system() -> dict[str, str]:
    """Return the dark theme once more, as it is for people whose browser runs no scripts."""
    return _declared(_SYSTEM)


def dark() -> dict[str, str]:
    """Return the values of the dark theme that differ from the light one."""
    return _declared(_DARK)


def pairs() -> tuple[Pair, ...]:
    """Return each text colour on the grounds it stands on."""
    known = {one.name: one for one in colours()}
    wanted = [(ink, ground) for ink in INKS for ground in GROUNDS]
    wanted += [(tone, f"{tone}-wash") for tone in sorted(TONES)]
    wanted += [("ink", f"{tone}-wash") for tone in sorted(TONES)]
    wanted += [("on-accent", "accent"), ("rail-ink", "rail"), ("rail-soft", "rail")]
    return tuple(_pair(known[ink], known[ground]) for ink, ground in wanted)


@cache
def icons() -> tuple[str, ...]:
    """Return the name of each icon in the sprite."""
    return tuple(_SYMBOL.findall(_text(SPRITE)))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, each as #rrggbb (WCAG 2.2, definition)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _pair(ink: Token, ground: Token) -> Pair:
    light = round(contrast(ink.light, ground.light), 1)
    return Pair(ink.name, ground.name, light, round(contrast(ink.dark, ground.dark), 1))


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _declared(block: re.Pattern[str]) -> dict[str, str]:
    found = block.search(_text(SHEET))
    return dict(_DECLARED.findall(found[1])) if found else {}


@cache
def _text(name: str) -> str:
    path = finders.find(name)
    return Path(str(path)).read_text()
