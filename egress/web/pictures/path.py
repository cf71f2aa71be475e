"""The way of a grant, as a row or a column of boxes with arrows between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from egress.web.pictures.text import Line, fit

WIDTH, HEIGHT, GAP = 194, 92, 64
"""Of a box in a row, and between two boxes; in units of the picture, which are CSS pixels."""
COLUMN_WIDTH, COLUMN_HEIGHT, COLUMN_GAP = 300, 88, 46
EDGE = 2
"""Room for the line around a box."""
LINE = 17
KINDS_SHOWN = 4
_ROW_CHARACTERS, _COLUMN_CHARACTERS = 22, 36
_CROSS = 6


@dataclass(frozen=True)
class Station:
    """What one box says. `tone` colours it, `word` is its state; both empty without a state.

    `kinds` are the kinds of the objects that decide there. `is_beyond` tells that traffic does
    not come so far.
    """

    title: str
    name: str
    icon: str
    word: str = ""
    tone: str = ""
    kinds: tuple[str, ...] = ()
    is_end: bool = False
    is_beyond: bool = False


@dataclass(frozen=True)
class Box:
    """A station with its place."""

    station: Station
    x: int
    y: int
    width: int
    height: int
    lines: tuple[Line, ...]

    @property
    def icon_x(self) -> int:
        """Return where the icon begins, from the left."""
        return self.x + 12

    @property
    def icon_y(self) -> int:
        """Return where the icon begins, from above."""
        return self.y + 11


@dataclass(frozen=True)
class Arrow:
    """A way from one box to the next. `cross` is the path of a mark where it is cut, or empty."""

    line: str
    head: str
    cross: str
    label: Line
    is_beyond: bool


@dataclass(frozen=True)
class Drawing:
    """A picture of a size, with all that is in it."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


_Lines = Callable[[Station, int, int], list[Line]]


def row(stations: Sequence[Station], legs: Sequence[str]) -> Drawing:
    """Return the way from left to right; `legs` are the words on the arrows, one fewer."""
    boxes = tuple(
        _box(station, EDGE + number * (WIDTH + GAP), EDGE, (WIDTH, HEIGHT), _row_lines)
        for number, station in enumerate(stations)
    )
    middle = EDGE + HEIGHT // 2
    arrows = tuple(
        _across(before.x + WIDTH, middle, leg, before.station, after.station)
        for (before, after), leg in zip(pairwise(boxes), legs, strict=True)
    )
    most = max((min(len(one.kinds), KINDS_SHOWN + 1) for one in stations), default=0)
    width = len(stations) * (WIDTH + GAP) - GAP + 2 * EDGE
    return Drawing(width, 2 * EDGE + HEIGHT + most * LINE + (6 if most else 0), boxes, arrows)


def column(stations: Sequence[Station], legs: Sequence[str]) -> Drawing:
    """Return the way from top to bottom, for narrow screens."""
    step = COLUMN_HEIGHT + COLUMN_GAP
    boxes = tuple(
        _box(station, EDGE, EDGE + number * step, (COLUMN_WIDTH, COLUMN_HEIGHT), _column_lines)
        for number, station in enumerate(stations)
    )
    arrows = tuple(
        _down(before.y + COLUMN_HEIGHT, leg, before.station, after.station)
        for (before, after), leg in zip(pairwise(boxes), legs, strict=True)
    )
    height = len(stations) * step - COLUMN_GAP + 2 * EDGE
    return Drawing(COLUMN_WIDTH + 2 * EDGE, height, boxes, arrows)


def _box(station: Station, x: int, y: int, size: tuple[int, int], lines: _Lines) -> Box:
    return Box(station, x, y, *size, lines=tuple(lines(station, x, y)))


def _row_lines(station: Station, x: int, y: int) -> list[Line]:
    lines = _head(station, x, y, _ROW_CHARACTERS)
    below = y + HEIGHT + 6
    kinds = _kinds(station)
    return lines + [
        Line(kind, x + WIDTH // 2, below + LINE * number - 3, "picture-kind picture-middle")
        for number, kind in enumerate(kinds, start=1)
    ]


def _column_lines(station: Station, x: int, y: int) -> list[Line]:
    lines = _head(station, x, y, _COLUMN_CHARACTERS)
    if station.kinds:
        first, *others = station.kinds
        more = f" and {len(others)} more" if others else ""
        # The state stands at the left of the same line.
        end = x + COLUMN_WIDTH - 12
        lines.append(Line(f"{first}{more}", end, y + 74, "picture-kind picture-end"))
    return lines


def _head(station: Station, x: int, y: int, characters: int) -> list[Line]:
    lines = [
        Line(station.title, x + 38, y + 26, "picture-title"),
        Line(fit(station.name, characters), x + 12, y + 51, "picture-name"),
    ]
    if station.word:
        lines.append(Line(station.word, x + 12, y + 74, "picture-word"))
    return lines


def _kinds(station: Station) -> list[str]:
    shown = list(station.kinds[:KINDS_SHOWN])
    left_out = len(station.kinds) - len(shown)
    return [*shown, f"and {left_out} more"] if left_out else shown


def _across(x: int, y: int, leg: str, before: Station, after: Station) -> Arrow:
    start, end, half = x + 4, x + GAP - 4, x + GAP // 2
    return Arrow(
        line=f"M{start} {y}H{end - 2}",
        head=f"M{end - 8} {y - 6}L{end} {y}L{end - 8} {y + 6}",
        cross=_cross(half, y) if before.is_end else "",
        label=Line(leg, half, y - 14, "picture-leg picture-middle"),
        is_beyond=before.is_end or after.is_beyond,
    )


def _down(y: int, leg: str, before: Station, after: Station) -> Arrow:
    x, start, end = EDGE + 30, y + 4, y + COLUMN_GAP - 4
    half = y + COLUMN_GAP // 2
    return Arrow(
        line=f"M{x} {start}V{end - 2}",
        head=f"M{x - 6} {end - 8}L{x} {end}L{x + 6} {end - 8}",
        cross=_cross(x, half) if before.is_end else "",
        label=Line(leg, x + 18, half + 5, "picture-leg"),
        is_beyond=before.is_end or after.is_beyond,
    )


def _cross(x: int, y: int) -> str:
    left, right, top, bottom = x - _CROSS, x + _CROSS, y - _CROSS, y + _CROSS
    return f"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}"
