"""Reading JSON and YAML bodies, with the error texts of the server's (Go) readers."""

from __future__ import annotations

import json
from contextlib import suppress
from math import isfinite
from typing import Any

import yaml

_STATES = (
    ("Expecting property name", "looking for beginning of object key string"),
    ("Illegal trailing comma before end of object", "looking for beginning of object key string"),
    ("Illegal trailing comma before end of array", "looking for beginning of value"),
    ("Expecting value", "looking for beginning of value"),
    ("Expecting ':'", "after object key"),
    ("Extra data", "after top-level value"),
    ("Invalid control character", "in string literal"),
    ("Invalid \\escape", "in string escape code"),
    ("Invalid \\uXXXX", "in \\u hexadecimal character escape"),
)


MOST_NODES = 500_000


class UnreadableError(ValueError):
    """A body that is no JSON or YAML; the text is the server's."""


def loads(body: bytes) -> Any:
    """Read JSON.

    Raises UnreadableError.
    """
    try:
        return json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except UnreadableError:
        raise
    except json.JSONDecodeError as error:
        raise UnreadableError(_go_text(error)) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise UnreadableError(_raw_text(body)) from error


def _no_constant(name: str) -> Any:
    raise UnreadableError(
        f"invalid character {quoted_char(name[0])} looking for beginning of value"
    )


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise UnreadableError(f"json: cannot unmarshal number {text} into float64")
    return number


def _raw_text(body: bytes) -> str:
    first = next((byte for byte in body.lstrip() if byte > 127), None)
    if first is None:
        return "exceeded max depth"
    return f"invalid character {quoted_char(chr(first))} looking for beginning of value"


def quoted_char(char: str) -> str:
    """Return a character as Go's reader quotes it in messages."""
    if char in "'\\":
        return f"'\\{char}'"
    if char == '"':
        return "'\"'"
    simple = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    if char in simple:
        return f"'{simple[char]}'"
    return f"'{char}'" if char.isprintable() else f"'\\u{ord(char):04x}'"


def _go_text(error: json.JSONDecodeError) -> str:
    at = error.pos
    text = error.doc
    if error.msg.startswith("Illegal trailing comma"):
        at = next((i for i in range(at + 1, len(text)) if not text[i].isspace()), len(text))
    while at < len(text) and text[at].isspace() and not error.msg.startswith("Invalid"):
        at += 1
    if at >= len(text) or error.msg.startswith("Unterminated string"):
        return "unexpected end of JSON input"
    if error.msg.startswith("Expecting ','"):
        state = "after object key:value pair" if _in_object(text, at) else "after array element"
    else:
        state = next((told for start, told in _STATES if error.msg.startswith(start)), "in body")
    return f"invalid character {quoted_char(text[at])} {state}"


def _in_object(text: str, at: int) -> bool:
    depth = 0
    for char in reversed(text[:at]):
        if char in "}]":
            depth += 1
        elif char in "{[":
            if depth == 0:
                return char == "{"
            depth -= 1
    return False


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: dates stay text, and a key twice is an error."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def loads_yaml(body: bytes) -> Any:
    """Read YAML; a body that is JSON is read as JSON, which is much faster.

    Raises UnreadableError.
    """
    if body.lstrip()[:1] == b"{":
        with suppress(UnreadableError):
            return loads(body)
    try:
        # _Loader derives from SafeLoader and adds no constructors.
        return _plain(yaml.load(body, Loader=_Loader), [MOST_NODES])  # noqa: S506
    except UnreadableError:
        raise
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f"line {where.line + 1}: " if where is not None else ""
        problem = getattr(error, "problem", None) or "could not be read"
        raise UnreadableError(f"yaml: {line}{problem}") from error


def _plain(value: Any, left: list[int]) -> Any:
    """Return a YAML value as JSON would hold it. Aliases must not blow it up beyond all bounds."""
    left[0] -= 1
    if left[0] < 0:
        raise UnreadableError("yaml: document contains excessive aliasing")
    if isinstance(value, dict):
        return {_key(name): _plain(below, left) for name, below in value.items()}
    if isinstance(value, list):
        return [_plain(item, left) for item in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise UnreadableError(f'yaml: the value "{value!r}" has no form in JSON')


def _key(name: Any) -> str:
    if isinstance(name, bool):
        return "true" if name else "false"
    if isinstance(name, str | int | float):
        return str(name)
    raise UnreadableError(f'yaml: the key "{name!r}" is no text')


_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_sorted = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode


def dumps(value: Any) -> bytes:
    """Write compact JSON."""
    return _compact(value).encode()


def sorted_json(value: Any) -> str:
    """Write compact JSON with sorted keys, fit to compare values by."""
    return _sorted(value)
