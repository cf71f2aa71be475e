"""Text in pictures: it does not wrap by itself, so it is cut to what has room."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line of text; `style` is its class in the style sheet, `y` the line it stands on."""

    text: str
    x: int
    y: int
    style: str


def fit(text: str, characters: int) -> str:
    """Return `text`, its middle left out where it is longer than `characters` (at least 3).

    Both ends of a host tell it from others: the name in front and the domain at the end.
    """
    if len(text) <= characters:
        return text
    kept = characters - 1
    front = (kept + 1) // 2
    return f"{text[:front]}…{text[len(text) - (kept - front) :]}"
