"""Parts of the Gateway API's kinds: references, conditions, addresses, selectors.

Source: the Gateway API's reference for `gateway.networking.k8s.io/v1`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from .build import choice, exactly_one, integer, listing, mapping, obj, rule, text, texts
from .formats import is_ipv4, is_ipv6
from .gotext import quoted
from .istio_common import GROUP, KIND
from .node import Cause, Node, compile_pattern
from .values import NO_FIELD, format_name, type_of, wrong_type

Fields = Mapping[str, object]
LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
HOSTNAME = rf"^(\*\.)?{SUBDOMAIN}$"
_PATH_CHARS = r"[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+"
CONTROLLER = rf"^{SUBDOMAIN}\/{_PATH_CHARS}$"
_ADDRESS_TYPE = rf"^Hostname|IPAddress|NamedAddress|{SUBDOMAIN}\/{_PATH_CHARS}$"
_QUALIFIED = rf"^({SUBDOMAIN}/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
_KEY = compile_pattern(rf"^({SUBDOMAIN}/)?([A-Za-z0-9][-A-Za-z0-9_.]{{0,61}})?[A-Za-z0-9]$")
_is_hostname = compile_pattern(HOSTNAME).search

GROUP_NAME = "gateway.networking.k8s.io"


def name() -> Node:
    """Describe the name of another object."""
    return text(least=1, most=253)


def group(default: str | None = None) -> Node:
    """Describe an API group."""
    return text(most=253, pattern=GROUP, default=default)


def kind_name(default: str | None = None) -> Node:
    """Describe a kind's name."""
    return text(least=1, most=63, pattern=KIND, default=default)


def namespace() -> Node:
    """Describe a namespace's name."""
    return text(least=1, most=63, pattern=f"^{LABEL}$")


def section_name() -> Node:
    """Describe a listener's name."""
    return text(least=1, most=253, pattern=f"^{SUBDOMAIN}$")


def secret_ref() -> Node:
    """Describe a reference to a certificate, usually a Secret."""
    return obj(
        {
            "group": group(""),
            "kind": kind_name("Secret"),
            "name": name(),
            "namespace": namespace(),
        },
        required=("name",),
    )


def route_kinds() -> Node:
    """Describe the kinds of routes that may be attached."""
    fields = {"group": group(GROUP_NAME), "kind": kind_name()}
    return listing(obj(fields, required=("kind",)), most=8)


def label_selector() -> Node:
    """Describe a choice of namespaces by label."""
    expression = obj(
        {"key": text(), "operator": text(), "values": texts()}, required=("key", "operator")
    )
    return obj(
        {"matchLabels": mapping(text()), "matchExpressions": listing(expression)}, atomic=True
    )


def _key_sizes_fit(value: Fields) -> bool:
    return all(len(key.split("/")[0]) < 253 for key in value)


def free_keys(word: str, values: Node, most: int) -> Node:
    """Describe labels or annotations that are handed on; `word` is what the messages say."""
    form = (
        f"{word.capitalize()} keys must be in the form of an optional DNS subdomain prefix "
        "followed by a required name segment of up to 63 characters."
    )
    size = (
        f"If specified, the {word} key's prefix must be a DNS subdomain not longer than 253 "
        "characters in total."
    )
    rules = [rule(form, lambda value: all(map(_KEY.search, value))), rule(size, _key_sizes_fit)]
    return mapping(values, most=most, rules=rules)


def _is_address(value: Fields) -> bool:
    if value.get("type", "IPAddress") != "IPAddress":
        return False
    address = value.get("value")
    if isinstance(address, str):
        return is_ipv4(address) or is_ipv6(address)
    return address is None or isinstance(address, list)


def _is_other(value: Fields) -> bool:
    return "type" in value and value["type"] != "IPAddress"


def _no_address(path: str, value: Fields) -> list[Cause]:
    where, address = f"{path}.value", value.get("value")
    told = address if isinstance(address, str) else format_name(type_of(address))
    detail = f"{quoted(where)} must validate at least one schema (anyOf)"
    undirected = Cause("FieldValueInvalid", f'Invalid value: "": {detail}', NO_FIELD)
    return [undirected, wrong_type(where, "ipv4", told, told)]


def _once(kind: str, addresses: Sequence[Fields]) -> bool:
    values = Counter(a["value"] for a in addresses if a["type"] == kind and "value" in a)
    return max(values.values(), default=1) == 1


def _hostname_fits(address: Fields) -> bool:
    if address["type"] != "Hostname" or "value" not in address:
        return True
    return _is_hostname(str(address["value"])) is not None


def addresses(*, assigned: bool) -> Node:
    """Describe a Gateway's addresses: wished for, or `assigned` (they then have a value)."""
    form = "must only contain" if assigned else "must be empty or contain only"
    fields = {
        "type": text(least=1, most=253, pattern=_ADDRESS_TYPE, default="IPAddress"),
        "value": text(least=1 if assigned else None, most=253),
    }
    address = obj(
        fields,
        required=("value",) if assigned else (),
        one_of=[exactly_one(_is_address, _is_other, explain=_no_address)],
        rules=[
            rule(f"Hostname value {form} valid characters (matching {HOSTNAME})", _hostname_fits)
        ],
    )
    once = [
        rule("IPAddress values must be unique", partial(_once, "IPAddress")),
        rule("Hostname values must be unique", partial(_once, "Hostname")),
    ]
    return listing(address, most=16, rules=() if assigned else once)


def conditions(*waiting_for: str) -> Node:
    """Describe conditions; those of `waiting_for` are there from the start."""
    condition = obj(
        {
            "type": text(most=316, pattern=_QUALIFIED),
            "status": choice("True", "False", "Unknown"),
            "reason": text(least=1, most=1024, pattern="^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"),
            "message": text(most=32768),
            "lastTransitionTime": text(form="date-time"),
            "observedGeneration": integer(0, form="int64"),
        },
        required=("lastTransitionTime", "message", "reason", "status", "type"),
    )
    start = waiting(*waiting_for) if waiting_for else None
    return listing(condition, most=8, keys=("type",), default=start)


def waiting(*types: str) -> list[dict[str, str]]:
    """Return the conditions an object has before its controller saw it."""
    return [
        {
            "type": one,
            "status": "Unknown",
            "reason": "Pending",
            "message": "Waiting for controller",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }
        for one in types
    ]
