"""Short words for describing objects: `obj`, `listing`, `mapping`, `text`, `integer`, ...

The descriptions of the kinds (`istio_*`, `gateway_api`, `core_*`) read like the documentation's
tables because of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from .node import Cause, Node, OneOf, Root, Rule

UINT32 = 2**32 - 1


def obj(
    properties: Mapping[str, Node] | None = None,
    *,
    required: Sequence[str] = (),
    at_most_one: Iterable[Sequence[str]] = (),
    one_of: Sequence[OneOf] = (),
    rules: Sequence[Rule] = (),
    default: object = None,
    preserve_unknown: bool = False,
    atomic: bool = False,
    nullable: bool = False,
) -> Node:
    """Describe a map with known fields; of each group in `at_most_one` at most one may be set."""
    groups = tuple(OneOf(fields=tuple(group)) for group in at_most_one)
    return Node(
        "object",
        properties=properties or {},
        required=tuple(required),
        one_of=groups + tuple(one_of),
        rules=tuple(rules),
        default=default,
        preserve_unknown=preserve_unknown,
        atomic_map=atomic,
        nullable=nullable,
    )


def mapping(
    values: Node,
    *,
    most: int | None = None,
    least: int | None = None,
    rules: Sequence[Rule] = (),
    atomic: bool = False,
) -> Node:
    """Describe a map with free keys, with between `least` and `most` of them."""
    return Node(
        "object",
        additional=values,
        max_properties=most,
        min_properties=least,
        rules=tuple(rules),
        atomic_map=atomic,
    )


def listing(
    items: Node,
    *,
    most: int | None = None,
    least: int | None = None,
    keys: Sequence[str] = (),
    unique: bool = False,
    rules: Sequence[Rule] = (),
    default: object = None,
) -> Node:
    """Describe a list; items are told apart by the fields `keys`, or if `unique` by value."""
    return Node(
        "array",
        items=items,
        max_items=most,
        min_items=least,
        map_keys=tuple(keys),
        list_type="map" if keys else "set" if unique else "atomic",
        rules=tuple(rules),
        default=default,
    )


def text(
    *,
    most: int | None = None,
    least: int | None = None,
    pattern: str = "",
    form: str = "",
    default: str | None = None,
    rules: Sequence[Rule] = (),
) -> Node:
    """Describe a text of `least` to `most` characters; `form` is a format such as date-time."""
    return Node(
        "string",
        max_length=most,
        min_length=least,
        pattern=pattern,
        format=form,
        default=default,
        rules=tuple(rules),
    )


def choice(*values: str, default: str | None = None) -> Node:
    """Describe a text that is one of a few."""
    return Node("string", enum=values, default=default)


def integer(
    least: int | None = None,
    most: int | None = None,
    *,
    form: str = "",
    nullable: bool = False,
    default: int | None = None,
    rules: Sequence[Rule] = (),
) -> Node:
    """Describe a whole number between two bounds, both allowed."""
    return Node(
        "integer",
        minimum=least,
        maximum=most,
        format=form,
        nullable=nullable,
        default=default,
        rules=tuple(rules),
    )


def uint32(*, nullable: bool = False, rules: Sequence[Rule] = ()) -> Node:
    """Describe an unsigned number of 32 bits."""
    return integer(0, UINT32, nullable=nullable, rules=rules)


def int32() -> Node:
    """Describe a signed number of 32 bits."""
    return integer(form="int32")


def double(least: int | None = None, most: int | None = None, *, nullable: bool = False) -> Node:
    """Describe a number with a fraction."""
    return Node("number", format="double", minimum=least, maximum=most, nullable=nullable)


def boolean(*, nullable: bool = False, default: bool | None = None) -> Node:
    """Describe a yes or no."""
    return Node("boolean", nullable=nullable, default=default)


def int_or_text() -> Node:
    """Describe a number that may be written as a text, too."""
    return Node("int-or-string")


def anything() -> Node:
    """Describe a value that is kept as it is."""
    return Node("any", preserve_unknown=True)


def texts(*, most: int | None = None, least: int | None = None) -> Node:
    """Describe a plain list of texts."""
    return listing(text(), most=most, least=least)


def rule(
    message: str,
    check: Callable[..., bool],
    *,
    on_change: bool = False,
    at: str = "",
) -> Rule:
    """Describe a condition; see `Rule`. The cause names the field `at` below the value."""
    return Rule(message, check, field_path=at, on_change=on_change)


def needed(at: str, check: Callable[..., bool], message: str = "") -> Rule:
    """Describe when the field `at` below the value must be there."""
    return Rule(message, check, field_path=at, reason="FieldValueRequired")


def exactly_one(
    *alternatives: Callable[[Mapping[str, object]], bool],
    explain: Callable[[str, Mapping[str, object]], list[Cause]] | None = None,
) -> OneOf:
    """Describe alternatives of which exactly one must hold."""
    return OneOf(alternatives=alternatives, explain=explain)


def kind(
    root: Root,
    properties: Mapping[str, Node],
    required: Sequence[str] = (),
    rules: Sequence[Rule] = (),
) -> Node:
    """Describe a whole object: what every object has, and the kind's own fields."""
    from .metadata import OBJECT_META

    fields = {"apiVersion": text(), "kind": text(), "metadata": OBJECT_META, **properties}
    return Node(
        "object",
        properties=fields,
        required=tuple(required),
        rules=tuple(rules),
        root=root,
        description=root.description,
    )
