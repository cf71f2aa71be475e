"""AuthorizationPolicy, PeerAuthentication and RequestAuthentication: who may talk, and how.

Source: Istio's reference for `security.istio.io/v1`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .build import boolean, choice, kind, listing, mapping, obj, rule, text, texts
from .istio_common import (
    ONE_TARGET,
    STATUS,
    count_set,
    duration,
    istio_root,
    policy_selector,
    targeted,
)
from .node import Node, RuleError
from .weburl import url_scheme

SECURITY = "security.istio.io"
_Fields = Mapping[str, object]


def _accounts_alone(source: _Fields) -> bool:
    if not count_set(source, "serviceAccounts", "notServiceAccounts"):
        return True
    others = ("principals", "notPrincipals", "namespaces", "notNamespaces")
    return not count_set(source, *others)


def _source() -> Node:
    by_list = (
        "principals requestPrincipals namespaces ipBlocks remoteIpBlocks trustDomains "
        "notPrincipals notRequestPrincipals notNamespaces notIpBlocks notRemoteIpBlocks "
        "notTrustDomains"
    )
    accounts = listing(text(most=320), most=16)
    return obj(
        {
            **{name: texts() for name in by_list.split()},
            "serviceAccounts": accounts,
            "notServiceAccounts": accounts,
        },
        rules=[rule("Cannot set serviceAccounts with namespaces or principals", _accounts_alone)],
    )


def _authorization_policy() -> Node:
    lists = "hosts ports methods paths notHosts notPorts notMethods notPaths"
    operation = obj({name: texts() for name in lists.split()})
    condition = obj({"key": text(), "values": texts(), "notValues": texts()}, required=("key",))
    one_rule = obj(
        {
            "from": listing(obj({"source": _source()}), most=512),
            "to": listing(obj({"operation": operation})),
            "when": listing(condition),
        }
    )
    # A group of one alternative can't be violated: with or without a provider it holds.
    spec = obj(
        targeted(
            {
                "rules": listing(one_rule, most=512),
                "action": choice("ALLOW", "DENY", "AUDIT", "CUSTOM"),
                "provider": obj({"name": text()}),
            }
        ),
        at_most_one=[("provider",)],
        rules=[ONE_TARGET],
    )
    root = istio_root(
        SECURITY, "AuthorizationPolicy", "authorizationpolicies", "Allows or denies calls."
    )
    return kind(root, {"spec": spec, "status": STATUS})


def _are_ports(ports: _Fields) -> bool:
    """One key out of range is enough; a key that is no number only counts when all others fit."""
    fault: RuleError | None = None
    for key in ports:
        try:
            number = _whole_number(key)
        except RuleError as wrong:
            fault = wrong
            continue
        if not 0 < number <= 65535:
            return False
    if fault is not None:
        raise fault
    return True


def _whole_number(key: str) -> int:
    digits = key[1:] if key[:1] in ("+", "-") else key
    if not (digits.isascii() and digits.isdigit()) or abs(int(key)) >= 2**63:
        raise RuleError("type conversion error from 'string' to 'int'")
    return int(key)


def _ports_need_selector(spec: _Fields) -> bool:
    selector = spec.get("selector")
    labels = selector.get("matchLabels") if isinstance(selector, Mapping) else None
    return "portLevelMtls" not in spec or bool(labels)


def _peer_authentication() -> Node:
    mtls = obj({"mode": choice("UNSET", "DISABLE", "PERMISSIVE", "STRICT")})
    ports = mapping(mtls, least=1, rules=[rule("port must be between 1-65535", _are_ports)])
    spec = obj(
        {"selector": policy_selector(), "mtls": mtls, "portLevelMtls": ports},
        rules=[rule("portLevelMtls requires selector", _ports_need_selector)],
    )
    root = istio_root(SECURITY, "PeerAuthentication", "peerauthentications", "Demands mutual TLS.")
    return kind(root, {"spec": spec, "status": STATUS})


def _is_web_address(address: str) -> bool:
    return url_scheme(address) in ("http", "https")


def _jwt_rule() -> Node:
    some = text(least=1)
    address = text(
        least=1,
        most=2048,
        rules=[rule("url must have scheme http:// or https://", _is_web_address)],
    )
    header = obj({"name": some, "prefix": text()}, required=("name",))
    claim = obj(
        {"header": text(least=1, pattern="^[-_A-Za-z0-9]+$"), "claim": some},
        required=("header", "claim"),
    )
    return obj(
        {
            "issuer": some,
            "audiences": listing(some),
            "jwksUri": address,
            "jwks_uri": address,
            "jwks": text(),
            "fromHeaders": listing(header),
            "fromParams": listing(some),
            "fromCookies": listing(some),
            "outputPayloadToHeader": text(),
            "outputClaimToHeaders": listing(claim),
            "forwardOriginalToken": boolean(),
            "timeout": duration(),
            "spaceDelimitedClaims": listing(some, most=64),
            "presence": choice("OPTIONAL", "REQUIRED"),
        },
        rules=[
            rule(
                "only one of jwks or jwksUri can be set",
                lambda jwt: count_set(jwt, "jwksUri", "jwks_uri", "jwks") <= 1,
            )
        ],
    )


def _request_authentication() -> Node:
    spec = obj(targeted({"jwtRules": listing(_jwt_rule(), most=4096)}), rules=[ONE_TARGET])
    root = istio_root(
        SECURITY, "RequestAuthentication", "requestauthentications", "Checks tokens of calls."
    )
    return kind(root, {"spec": spec, "status": STATUS})


AUTHORIZATION_POLICY = _authorization_policy()
PEER_AUTHENTICATION = _peer_authentication()
REQUEST_AUTHENTICATION = _request_authentication()
