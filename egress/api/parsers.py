"""Reading request bodies: JSON that means the same to every reader, or a clear refusal."""

import json
import math
from typing import Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 16
"""How deep a body may be nested; ours need four levels."""

MAX_DIGITS = 100
"""How long a whole number may be. What is too large for a field is refused by the field."""


class StrictJSONParser(JSONParser):
    """Reads I-JSON (RFC 7493): UTF-8, no name twice in an object, no NaN, no half characters.

    Two readers of a body with a name twice can understand different things: one of them would
    judge what the other does not do. Bodies larger than DATA_UPLOAD_MAX_MEMORY_SIZE are refused
    by Django before they get here.
    """

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """Return the body. Raises ParseError with a sentence about what is wrong with it."""
        try:
            data: dict[str, Any] = json.loads(
                stream.read().decode("utf-8"),
                object_pairs_hook=_object,
                parse_constant=_constant,
                parse_int=_whole,
                parse_float=_fraction,
            )
        except RecursionError:
            raise ParseError(_TOO_DEEP) from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        _refuse_depth(data)
        return data


_TOO_DEEP = f"The body is nested deeper than {MAX_DEPTH} levels. Flatten it."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if any("\ud800" <= character <= "\udfff" for character in name):
            raise ValueError("a name contains half a character")
        if name in read:
            raise ValueError(f"the name {json.dumps(name[:80])} stands in one object twice")
        read[name] = value
    return read


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def _refuse_depth(data: object) -> None:
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [below for value in level for below in _children(value)]
        if not level:
            return
    raise ParseError(_TOO_DEEP)


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
