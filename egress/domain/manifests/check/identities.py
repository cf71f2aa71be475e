"""Identities of workloads, as doors compare them and as policies match them."""

import re
from collections.abc import Iterator, Sequence

from egress.domain.manifests.check.look import Look, repeated
from egress.domain.naming import is_dns_label, is_dns_subdomain
from egress.domain.wording import quoted

_TRUST_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_SCHEME = "spiffe://"
_MAX_PRINCIPALS = 1000


def door_identities(look: Look, found: Sequence[str], namespace: str) -> Iterator[str]:
    """Check the list of a door of `namespace` (istio.md R-B14, R-B16).

    An empty list admits every identity of the mesh. The entries are compared exactly, so a
    wildcard would admit nobody.
    """
    if not found:
        yield f"A door of {quoted(namespace)} has an empty list, which admits every mesh identity."
    if twice := repeated(found):
        yield f"The door lists {quoted(twice[0])} twice."
    for text in found:
        if not text.startswith(_SCHEME) or text.endswith("/*"):
            yield f"{quoted(text)} is no identity of one service account."
            continue
        yield from _identity(look, text.removeprefix(_SCHEME))
        if text.split("/")[4:5] != [namespace]:
            yield f"{quoted(text)} is not of {quoted(namespace)}, whose door it is on."


def principals(look: Look, found: Sequence[str]) -> Iterator[str]:
    """Check the principals of one rule: five segments each, all or one of its namespace's."""
    if not found:
        yield "A rule names no principal, so it admits everybody."
    if twice := repeated(found):
        yield f"A rule names the principal {quoted(twice[0])} twice."
    for text in found:
        yield from _identity(look, text)


def too_many(count: int) -> Iterator[str]:
    """Limit the principals of one policy: they are compared one after the other (11.3)."""
    if count > _MAX_PRINCIPALS:
        yield f'It has "{count}" principals, more than {_MAX_PRINCIPALS}. Grant to the namespace.'


def _identity(look: Look, text: str) -> Iterator[str]:
    parts = text.split("/")
    if len(parts) != 5 or (parts[1], parts[3]) != ("ns", "sa"):
        yield f"{quoted(text)} has not the five segments of an identity."
        return
    trust_domain, namespace, account = parts[0], parts[2], parts[4]
    if not _TRUST_DOMAIN.fullmatch(trust_domain):
        yield f"{quoted(trust_domain)} is no trust domain."
    elif look.trust_domains and trust_domain not in look.trust_domains:
        yield f"{quoted(trust_domain)} is not a trust domain of this mesh."
    if not is_dns_label(namespace):
        yield f"{quoted(namespace)} in {quoted(text)} is no namespace."
    if account != "*" and not is_dns_subdomain(account):
        yield f"{quoted(account)} in {quoted(text)} is no service account."
