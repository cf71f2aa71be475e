"""Whatever is granted: the objects let in exactly whom the grants name, read from both sides."""

import ipaddress
import json
import random
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, Destination, Enforcement
from egress.domain.explain import Mesh
from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.manifests.static import static_objects
from egress.domain.naming import BASE_LABEL, CLIENT_LABEL, base, server_name
from egress.domain.objects import KubeObject, ObjectKey, canonical_json, key_of
from egress.domain.render import Rendering, render_slice, render_what_can
from egress.domain.slices import SliceKey, namespace_slice, slices_of
from tests.domain import test_crds
from tests.domain.oracle import Oracle, questions
from tests.domain.strategies import NAMESPACES, STRANGER, Case, cases
from tests.tries import tries

FAST = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def rendered(case: Case, grants: Iterable[Access] | None = None) -> Rendering:
    """What becomes of the grants of a case, or of others on its cluster."""
    chosen = case.grants if grants is None else grants
    return render_what_can(case.cluster, case.inventory, chosen)


def accepted(case: Case) -> list[Access]:
    """The grants of a case that have objects."""
    refused = {access for refusal in rendered(case).refused for access in refusal.accesses}
    return [access for access in case.grants if access not in refused]


def static(case: Case) -> list[KubeObject]:
    """What was laid down once on the cluster of a case."""
    return static_objects(case.cluster, enforcements=list(Enforcement))


def by_key(objects: Iterable[KubeObject]) -> dict[ObjectKey, bytes]:
    """The bytes of each object."""
    return {key_of(obj): canonical_json(obj) for obj in objects}


@pytest.mark.parametrize("enforcement", Enforcement)
@settings(FAST, max_examples=tries(170, of=340))
@given(st.data())
def test_everybody_reaches_exactly_what_was_granted(
    enforcement: Enforcement, data: st.DataObject
) -> None:
    case = data.draw(cases(enforcement))
    objects = [*static(case), *rendered(case).objects]
    mesh = Mesh(objects, cluster=case.cluster, inventory=case.inventory)
    oracle = Oracle(case.cluster, case.inventory, accepted(case))
    for subject, host, port, protocol in questions(case):
        answer = mesh.can(subject, host, port, protocol)
        assert answer.allowed == oracle.grants(subject, host, port, protocol), (
            f"{subject} -> {host}:{port} {protocol}: {answer}"
        )
        if "/" in host:
            continue
        behind = mesh.admits(subject, host, port, protocol)
        assert behind.allowed == oracle.stands_behind(subject, host, port, protocol), (
            f"{subject} at the gateway -> {host}:{port}: {behind}"
        )
    assert mesh.anomalies() == ()


@settings(FAST, max_examples=tries(175, of=350))
@given(cases())
def test_no_proxy_finds_two_hosts_where_one_of_them_was_granted(case: Case) -> None:
    entries = [obj["spec"] | obj["metadata"] for obj in rendered(case).objects if is_entry(obj)]
    for access in accepted(case):
        namespace, wanted = access.subject.namespace, access.destination
        is_ambient = case.inventory.enforcement_of(namespace, case.cluster) is Enforcement.AMBIENT
        if is_ambient or wanted.is_fixed_address or not (wanted.addresses or wanted.is_cidr):
            continue
        seen = [e for e in entries if namespace in (*e["exportTo"], e["namespace"])]
        for entry in (e for e in seen if e["name"] != base(wanted.host)):
            spoken = {port["number"]: port["protocol"] for port in entry["ports"]}
            is_http = spoken.get(wanted.port) in ("HTTP", "HTTP2", "GRPC")
            if wanted.port not in spoken or (is_http and wanted.protocol.is_http_family):
                continue
            assert not overlap(entry, wanted), f"{entry['hosts']} hides {access}"


def is_entry(obj: KubeObject) -> bool:
    """Whether an object is an entry with addresses."""
    return obj["kind"] == "ServiceEntry" and bool(obj["spec"].get("addresses"))


def overlap(entry: dict[str, Any], wanted: Destination) -> bool:
    """Whether an entry stands for an address of a destination, ranges among themselves apart."""
    ranges = [text for text in entry["addresses"] if "/" in text]
    if wanted.is_cidr and ranges:
        return False
    theirs = [ipaddress.ip_network(text) for text in entry["addresses"]]
    mine = [wanted.host] if wanted.is_cidr else wanted.addresses
    return any(ipaddress.ip_network(text).overlaps(other) for text in mine for other in theirs)


@settings(FAST, max_examples=tries(175, of=350))
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_grants_changes_nothing(case: Case, luck: random.Random) -> None:
    shuffled = [*case.grants, *case.grants[:2]]
    luck.shuffle(shuffled)
    one, other = rendered(case), rendered(case, shuffled)
    assert canonical_json(one.objects) == canonical_json(other.objects)
    assert refusals(one) == refusals(other)


def refusals(rendering: Rendering) -> set[tuple[str, tuple[Access, ...]]]:
    """The refusals of a rendering, comparable."""
    return {(refusal.reason, refusal.accesses) for refusal in rendering.refused}


@settings(FAST, max_examples=tries(175, of=350))
@given(cases(), st.data())
def test_ending_or_adding_a_grant_changes_nothing_but_its_own(
    case: Case, data: st.DataObject
) -> None:
    kept = accepted(case)
    if not kept:
        return
    ended = data.draw(st.sampled_from(kept))
    before = {key_of(obj): obj for obj in rendered(case, kept).objects}
    after = {key_of(obj): obj for obj in rendered(case, [a for a in kept if a != ended]).objects}
    slices = slices_of(ended, case.cluster, case.inventory)
    for key in before.keys() | after.keys():
        if before.get(key) == after.get(key):
            continue
        obj = before.get(key) or after[key]
        assert any(own.holds(obj, case.cluster) for own in slices), f"{key} is of another slice"
        assert is_about(obj, ended, case), f"{key} is about somebody else"
        if key.kind == "Gateway":
            assert servers(before.get(key), ended) == servers(after.get(key), ended)


def is_about(obj: KubeObject, access: Access, case: Case) -> bool:
    """Whether an object has to do with the host of a grant, or else with its namespace alone."""
    metadata, destination = obj["metadata"], access.destination
    labels = metadata["labels"]
    if BASE_LABEL in labels:
        is_door = obj["kind"] == "Gateway"
        own = not is_door or metadata["name"].endswith(f"-p{destination.port}")
        return own and bool(labels[BASE_LABEL] == base(destination.host))
    is_client_rule = labels.get(CLIENT_LABEL) == access.subject.namespace
    is_own = metadata["namespace"] == access.subject.namespace
    is_address = obj["kind"] in ("Service", "EndpointSlice", "DestinationRule")
    is_list = obj["kind"] == "Sidecar" and case.cluster.central_entries
    return is_client_rule or (is_own and (is_list or (is_address and bool(destination.alias))))


def servers(gateway: KubeObject | None, access: Access) -> list[Any]:
    """The doors of all namespaces but the one of a grant, as long as any other stands there."""
    own = server_name(access.subject.namespace)
    found = gateway["spec"]["servers"] if gateway else []
    return [server for server in found if server["port"]["name"] != own]


@settings(FAST, max_examples=tries(100, of=200))
@given(cases())
def test_the_slices_together_are_the_whole(case: Case) -> None:
    whole = rendered(case)
    keys: set[SliceKey] = {namespace_slice(name) for name in (*NAMESPACES, STRANGER)}
    for access in case.grants:
        keys |= set(slices_of(access, case.cluster, case.inventory))
    parts: dict[ObjectKey, bytes] = {}
    for key in sorted(keys):
        part = by_key(render_slice(key, case.cluster, case.inventory, of_slice(key, case)).objects)
        assert not parts.keys() & part.keys(), "two slices hold one object"
        parts |= part
    assert parts == by_key(whole.objects)


def of_slice(key: SliceKey, case: Case) -> list[Access]:
    """The grants that a slice is rendered from: its own, and whatever can contradict those."""
    own = [a for a in case.grants if key in slices_of(a, case.cluster, case.inventory)]
    hosts = {access.destination.host for access in own}
    sharing = [access for access in case.grants if access.destination.host in hosts]
    aliases = {(a.subject.namespace, a.destination.alias) for a in sharing if a.destination.alias}
    met = hosts | at_addresses(hosts, case)
    return [
        access
        for access in case.grants
        if access.destination.host in met
        or (access.subject.namespace, access.destination.alias) in aliases
        or hosts & set(wildcards_above(access.destination.host))
    ]


def at_addresses(hosts: set[str], case: Case) -> set[str]:
    """The hosts with addresses in the namespaces that reach one of `hosts` by its addresses."""
    addressed = [a for a in case.grants if a.destination.addresses or a.destination.is_cidr]
    found = {a.subject.namespace for a in addressed if a.destination.host in hosts}
    return {a.destination.host for a in addressed if a.subject.namespace in found}


@settings(FAST, max_examples=tries(100, of=200))
@given(cases())
def test_names_are_unique_and_short_and_nothing_is_exported_to_all(case: Case) -> None:
    objects = rendered(case).objects
    assert len(by_key(objects)) == len(objects)
    assert by_key(objects) == by_key(rendered(case).objects)
    for obj in objects:
        assert len(obj["metadata"]["name"]) <= 63
        for name in port_names(obj):
            assert len(name) <= 63
        if obj["kind"] in ("ServiceEntry", "VirtualService", "DestinationRule"):
            assert obj["spec"]["exportTo"]
            assert "*" not in obj["spec"]["exportTo"]


def port_names(obj: KubeObject) -> Iterator[str]:
    """Every name inside an object that has to be a label."""
    spec = obj.get("spec", {})
    for listed in (*spec.get("ports", []), *spec.get("subsets", []), *obj.get("ports", [])):
        if isinstance(listed, dict) and "name" in listed:
            yield listed["name"]
    yield from (server["port"]["name"] for server in spec.get("servers", []))


CHECKED: set[str] = set()
AT_MOST = 1500


@pytest.mark.crds
@settings(FAST, max_examples=tries(100, of=200))
@given(cases())
def test_every_object_is_valid_by_the_schemas_and_their_rules(case: Case) -> None:
    schemas = test_crds.schemas()
    for obj in rendered(case).objects:
        shape = json.dumps(shape_of(obj), sort_keys=True)
        if "istio.io/" not in obj["apiVersion"] or shape in CHECKED or len(CHECKED) > AT_MOST:
            continue
        CHECKED.add(shape)
        name = obj["metadata"]["name"]
        assert [error.message for error in validator(obj["kind"]).iter_errors(obj)] == [], name
        assert obj["kind"] in schemas
        assert test_crds.broken_rules(obj) == [], name


@cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    """The validator of a kind, made once."""
    schema = test_crds.strict(test_crds.schemas()[kind])
    schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
    return jsonschema.Draft202012Validator(schema)


def shape_of(value: Any) -> Any:
    """What an object looks like without what its identity adds: one of each is enough."""
    if isinstance(value, dict):
        return {name: shape_of(below) for name, below in value.items() if name != "metadata"}
    if isinstance(value, list):
        return [shape_of(below) for below in value]
    return value
