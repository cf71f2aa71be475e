"""How messages show a value that somebody typed: quoted, short, and without control characters."""

from collections.abc import Sequence

_SHOWN_CHARACTERS = 80


def quoted(value: object) -> str:
    """Return `value` in double quotes, cut to 80 characters, everything unprintable escaped."""
    text = value if isinstance(value, str) else str(value)
    shown = "".join(map(_visible, text[:_SHOWN_CHARACTERS]))
    if len(text) > _SHOWN_CHARACTERS or len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]}..."
    return f'"{shown}"'


def listed(values: Sequence[str]) -> str:
    """Return `values` as a list in a sentence: `a`, `a and b`, `a, b and c`."""
    if len(values) < 2:
        return "".join(values)
    return f"{', '.join(values[:-1])} and {values[-1]}"


def _visible(character: str) -> str:
    if character.isprintable() and character != '"':
        return character
    return f"\\u{ord(character):04x}"
