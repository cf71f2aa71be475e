"""PF2 and PF7: nobody else opens a way through the egress gateway."""

from collections.abc import Iterator

from egress.domain.access import Enforcement
from egress.domain.bootstrap.admission import GATEWAYS_POLICY, gateways_policy
from egress.domain.objects import KubeObject, key_of
from egress.domain.posture.look import BOOTSTRAP, Look, good, includes, place_of, unread
from egress.domain.posture.matching import items, name_of, namespace_of, part, selects
from egress.domain.posture.rows import Level, Row, Scope
from egress.domain.posture.snapshot import Read

GATEWAYS, POLICIES = "PF2", "PF7"
SCOPE_FLAG = "PILOT_SCOPE_GATEWAY_TO_NAMESPACE"
_NO_GATEWAY = "No namespace sends its traffic through an egress gateway."
_PROXIES = frozenset({Enforcement.GATEWAY, Enforcement.AMBIENT})


def no_other_gateway(look: Look) -> Iterator[Row]:
    """Check that no foreign `Gateway` selects the gateway's pods, and that none can."""
    if Enforcement.GATEWAY not in look.used:
        yield good(GATEWAYS, _NO_GATEWAY)
        return
    if why := look.snapshot.why_unread([Read.GATEWAY, Read.POD]):
        yield unread(GATEWAYS, why)
        return
    rows = [
        _row(
            GATEWAYS,
            f"{place_of(gateway)} selects the pods of the egress gateway: it can open a door of "
            "its own there, or keep every later change from taking effect.",
            gateway,
            "Delete it, or give it a selector that does not match those pods.",
        )
        for gateway in look.foreign(Read.GATEWAY)
        if selects(part(gateway, "spec", "selector"), look.gateway_pods)
    ]
    rows += _guard(look)
    yield from rows
    if not rows:
        yield good(GATEWAYS, "No other Gateway selects the egress gateway, and none can.")


def _guard(look: Look) -> Iterator[Row]:
    flags = look.snapshot.mesh.flags
    if flags is not None and flags.get(SCOPE_FLAG, "").lower() == "true":
        return
    why = look.snapshot.why_unread([Read.ADMISSION_POLICY, Read.ADMISSION_BINDING])
    if not why and admission_holds(look):
        return
    if flags is None or why:
        sentence = why or f"istiod's setting {SCOPE_FLAG} could not be read."
        yield unread(GATEWAYS, sentence, (Enforcement.GATEWAY,))
        return
    yield Row(
        GATEWAYS,
        Level.REVIEW,
        Scope.CLUSTER,
        "Nothing keeps a Gateway of any namespace from selecting the egress gateway: istiod does "
        f"not run with {SCOPE_FLAG}=true, and no admission policy denies it.",
        f"ValidatingAdmissionPolicyBinding {GATEWAYS_POLICY}",
        f"Set {SCOPE_FLAG}=true on istiod. Or: {BOOTSTRAP} --enforce",
    )


def admission_holds(look: Look) -> bool:
    """Tell whether the admission policy about Gateways is as laid down, and bound to deny."""
    wanted = gateways_policy(look.cluster)
    is_whole = any(
        name_of(policy) == GATEWAYS_POLICY
        and includes(part(policy, "spec"), wanted["spec"])
        and not _is_narrowed(policy)
        for policy in look.snapshot.of(Read.ADMISSION_POLICY)
    )
    return is_whole and any(
        part(binding, "spec").get("policyName") == GATEWAYS_POLICY
        and "Deny" in items(binding, "spec", "validationActions")
        and not part(binding, "spec", "matchResources")
        for binding in look.snapshot.of(Read.ADMISSION_BINDING)
    )


def _is_narrowed(policy: KubeObject) -> bool:
    """Tell whether a policy holds for less than its rules say. Empty selectors select all."""
    matched = part(policy, "spec", "matchConstraints")
    rules = [rule for rule in items(matched, "resourceRules") if isinstance(rule, dict)]
    return (
        bool(items(policy, "spec", "matchConditions"))
        or any(
            matched.get(name)
            for name in ("namespaceSelector", "objectSelector", "excludeResourceRules")
        )
        or any(rule.get("resourceNames") or rule.get("scope", "*") != "*" for rule in rules)
    )


def no_other_allow(look: Look) -> Iterator[Row]:
    """Check that no foreign ALLOW policy holds for the gateway or the waypoint (istio.md 3.7)."""
    if not look.used & _PROXIES:
        yield good(POLICIES, _NO_GATEWAY)
        return
    if why := look.snapshot.why_unread([Read.AUTHORIZATION_POLICY, Read.POD]):
        yield unread(POLICIES, why)
        return
    rows = [
        _row(
            POLICIES,
            f"{place_of(policy)} allows requests at the egress gateway, and what any ALLOW policy "
            "admits is admitted.",
            policy,
            "Delete it, or give it a selector that does not match the gateway.",
        )
        for policy in look.foreign(Read.AUTHORIZATION_POLICY)
        if _allows(policy) and _holds_for_proxy(look, policy)
    ]
    rows += _missing_denials(look)
    yield from rows
    if not rows:
        yield good(POLICIES, "No other policy allows anything at the egress gateway.")


def _allows(policy: KubeObject) -> bool:
    is_tried_out = part(policy, "metadata", "annotations").get("istio.io/dry-run") == "true"
    action = part(policy, "spec").get("action", "ALLOW")
    return action == "ALLOW" and bool(items(policy, "spec", "rules")) and not is_tried_out


def _holds_for_proxy(look: Look, policy: KubeObject) -> bool:
    root = look.snapshot.mesh.root_namespace or look.cluster.root_namespace
    namespace = namespace_of(policy)
    if namespace not in (root, look.cluster.egress_namespace):
        return False
    spec = part(policy, "spec")
    targets = [t for t in [spec.get("targetRef"), *items(policy, "spec", "targetRefs")] if t]
    if targets:
        # Whatever a target in the egress namespace is, it is the waypoint or what hangs on it.
        classes = [t for t in targets if isinstance(t, dict) and t.get("kind") == "GatewayClass"]
        is_near = namespace == look.cluster.egress_namespace
        return Enforcement.AMBIENT in look.used and (is_near or bool(classes))
    if Enforcement.GATEWAY not in look.used:
        return False
    return selects(part(policy, "spec", "selector", "matchLabels"), look.gateway_pods)


def _missing_denials(look: Look) -> Iterator[Row]:
    for key, obj in look.statics.items():
        is_denial = key.kind == "AuthorizationPolicy" and not items(obj, "spec", "rules")
        if is_denial and not look.is_sound(key):
            yield _row(
                POLICIES,
                f"{place_of(obj)}, which denies what no policy allows, is missing or was changed: "
                "whatever has no policy of its own is open.",
                obj,
                BOOTSTRAP,
            )


def _row(check: str, sentence: str, obj: KubeObject, fix: str) -> Row:
    return Row(check, Level.REVIEW, Scope.CLUSTER, sentence, str(key_of(obj)), fix)
