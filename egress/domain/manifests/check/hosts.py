"""Hosts, doors and authorities in finished objects."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from egress.domain.hosts import HostError, canonical_host
from egress.domain.manifests.check.look import Look, is_port, labelled
from egress.domain.naming import BASE_LABEL, base, is_dns_label
from egress.domain.wording import quoted

_DOOR = re.compile(r"p([1-9][0-9]{0,4})\.([^.]+)\.(.+)")
_MAX_NAME = 253


@dataclass(frozen=True)
class Door:
    """What the outer SNI `p<port>.<namespace>.<host>` says (istio.md 3.1)."""

    port: int
    namespace: str
    host: str


def door_of(text: str) -> Door | None:
    """Return the door whose outer SNI is `text`, None when it is none."""
    match = _DOOR.fullmatch(text)
    if not match or len(text) > _MAX_NAME:
        return None
    door = Door(int(match[1]), match[2], match[3])
    sound = is_port(door.port) and is_dns_label(door.namespace)
    return door if sound and not list(host_problems(door.host)) else None


def host_problems(host: object, *, wildcard: bool = False) -> Iterator[str]:
    """Say why `host` is no host in its one spelling; `wildcard` takes `*.host` as well."""
    if not isinstance(host, str):
        yield "A host is no text."
        return
    problem = _spelling(host[2:] if wildcard and host.startswith("*.") else host)
    if problem:
        yield problem


@lru_cache(maxsize=4096)
def _spelling(host: str) -> str:
    try:
        canonical = canonical_host(host)
    except HostError as error:
        return error.message
    return (
        "" if canonical == host else f"The host {quoted(host)} is not spelled {quoted(canonical)}."
    )


def named_after(
    look: Look, host: str, name: str, also: dict[str, str] | None = None
) -> Iterator[str]:
    """Compare name and labels with what follows from the host; `also` are further labels."""
    if look.name != name:
        yield f"Its name {quoted(look.name)} does not follow from its host {quoted(host)}."
    yield from labelled(look, {BASE_LABEL: base(host)} | (also or {}))


def authority(host: str, port: int) -> str:
    """Return the one spelling of an HTTP authority (istio.md R-B8)."""
    return host if port == 80 else f"{host}:{port}"


def service_namespace(full_name: object) -> str | None:
    """Return the namespace of a Service's full name such as `a.b.svc.cluster.local`, or None."""
    parts = full_name.split(".") if isinstance(full_name, str) else []
    sound = len(parts) > 3 and parts[2] == "svc" and all(map(is_dns_label, parts))
    return parts[1] if sound else None
