"""How many of something, by age or by week, as bars: upright ones, or lying ones on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from egress.web.pictures.text import Line

WIDE, TALL, HEAD, FOOT = 600, 96, 18, 20
"""The picture of upright bars: its width, the room for bars, and that above and below them."""
NARROW, ROW, LABEL, VALUE = 300, 26, 92, 34
"""The picture of lying bars: its width, the height of a row, the room for label and number."""
THINNEST = 3
"""So high is the bar of a count that is not zero, however small it is beside the others."""
_FILLED = 0.62


@dataclass(frozen=True)
class Bar:
    """One count. `words` is what it counts in full, `tone` colours it, `url` lists what it is."""

    label: str
    words: str
    count: int
    tone: str = ""
    url: str = ""


@dataclass(frozen=True)
class Shape:
    """A bar with its place. `ground` is the area that leads to what it counts."""

    bar: Bar
    x: int
    y: int
    width: int
    height: int
    ground: tuple[int, int, int, int]
    label: Line
    value: Line


@dataclass(frozen=True)
class Chart:
    """Bars with what they say: `sentence` in a line, `counted` and `by` as heads of a table."""

    sentence: str
    by: str
    counted: str
    bars: tuple[Bar, ...]

    @property
    def width(self) -> int:
        """Return the width of the upright picture."""
        return WIDE

    @property
    def height(self) -> int:
        """Return the height of the upright picture."""
        return HEAD + TALL + FOOT

    @property
    def narrow_width(self) -> int:
        """Return the width of the lying picture."""
        return NARROW

    @property
    def narrow_height(self) -> int:
        """Return the height of the lying picture."""
        return ROW * len(self.bars)

    @property
    def base(self) -> int:
        """Return the line that upright bars stand on."""
        return HEAD + TALL

    @property
    def upright(self) -> list[Shape]:
        """Return the bars side by side, in their order."""
        return upright(self.bars)

    @property
    def lying(self) -> list[Shape]:
        """Return the bars one below the other, in their order."""
        return lying(self.bars)


def upright(bars: Sequence[Bar]) -> list[Shape]:
    """Return bars that stand side by side over the whole width."""
    step = WIDE // max(1, len(bars))
    width = int(step * _FILLED)
    shapes = []
    for number, bar in enumerate(bars):
        height = _length(bar, bars, TALL)
        middle = number * step + step // 2
        top = HEAD + TALL - height
        shapes.append(
            Shape(
                bar,
                x=middle - width // 2,
                y=top,
                width=width,
                height=height,
                ground=(number * step, 0, step, HEAD + TALL + FOOT),
                label=Line(bar.label, middle, HEAD + TALL + FOOT - 4, "picture-middle"),
                value=Line(_number(bar), middle, top - 5, "picture-count picture-middle"),
            )
        )
    return shapes


def lying(bars: Sequence[Bar]) -> list[Shape]:
    """Return bars that lie one below the other, each beside its label."""
    room = NARROW - LABEL - VALUE
    shapes = []
    for number, bar in enumerate(bars):
        length = _length(bar, bars, room)
        top = number * ROW
        line = top + ROW - 8
        shapes.append(
            Shape(
                bar,
                x=LABEL,
                y=top + 5,
                width=length,
                height=ROW - 10,
                ground=(0, top, NARROW, ROW),
                label=Line(bar.label, LABEL - 8, line, "picture-end"),
                value=Line(_number(bar), LABEL + length + 6, line, "picture-count"),
            )
        )
    return shapes


def _length(bar: Bar, bars: Sequence[Bar], room: int) -> int:
    if not bar.count:
        return 0
    return max(THINNEST, round(room * bar.count / max(one.count for one in bars)))


def _number(bar: Bar) -> str:
    return f"{bar.count:,}" if bar.count else ""
