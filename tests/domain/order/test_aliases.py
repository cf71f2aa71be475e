"""The order of writes for names in a namespace: what stands behind one is never half there."""

from dataclasses import replace
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, Destination, Protocol, Subject
from egress.domain.objects import KubeObject, key_of
from egress.domain.order import Step, held_back, write_steps
from egress.domain.plan import OwnedRecord, plan
from tests.domain.examples import CLUSTER, live
from tests.domain.order.worlds import (
    GATEWAY,
    SIDECAR,
    Cluster,
    carry_out,
    steps_between,
    stored,
    uid_of,
)

PLAIN = Destination("a.example.com", 80, Protocol.HTTP)
MIRROR = replace(PLAIN, alias="mirror")
DATABASE = Destination("203.0.113.13/32", 5432, Protocol.TCP, alias="old-database")
ORIGINATED = Destination(
    "db.example.net", 5432, Protocol.TCP, True, addresses=("203.0.113.13",), alias="old-database"
)
BEHIND = ("Service", "EndpointSlice", "DestinationRule")


def objects(*destinations: Destination) -> list[KubeObject]:
    """What namespace `default` needs."""
    return SIDECAR.render(frozenset(Access(Subject("default"), to) for to in destinations))


def told(steps: list[Step]) -> list[str]:
    """The steps in words."""
    return [f"{step.direction} {step.verb} {step.key.kind}" for step in steps]


def test_a_name_comes_last_and_goes_first() -> None:
    assert told(steps_between([], objects(MIRROR))) == [
        "in create ServiceEntry",
        "in create VirtualService",
        "in create Service",
    ]
    assert told(steps_between(objects(MIRROR), [])) == [
        "out delete Service",
        "out delete VirtualService",
        "out delete ServiceEntry",
    ]


def test_a_name_that_goes_leaves_the_host() -> None:
    steps = steps_between(objects(MIRROR), objects(PLAIN))
    assert told(steps) == ["out delete Service", "out delete VirtualService"]


def test_a_name_that_means_another_host_is_made_anew() -> None:
    other = replace(MIRROR, host="b.example.com")
    steps = steps_between(objects(MIRROR, replace(other, alias="")), objects(other, PLAIN))
    names = [step for step in steps if step.key.kind == "Service"]
    assert [str(step.verb) for step in names] == ["delete", "create"]


def test_under_gateway_a_name_comes_after_its_host() -> None:
    wanted = GATEWAY.render(frozenset([Access(Subject("default"), MIRROR)]))
    assert told(steps_between([], wanted))[-2:] == ["in update ServiceEntry", "in create Service"]


def test_how_addresses_are_spoken_to_is_said_before_they_have_a_name() -> None:
    assert told(steps_between([], objects(DATABASE))) == [
        "in create DestinationRule",
        "in create EndpointSlice",
        "in create Service",
    ]
    assert told(steps_between(objects(DATABASE), [])) == [
        "out delete Service",
        "out delete EndpointSlice",
        "out delete DestinationRule",
    ]


def test_a_name_is_away_while_its_way_of_speaking_changes() -> None:
    """What one side says in clear text must not reach the TLS port of the other."""
    for before, after in ((DATABASE, ORIGINATED), (ORIGINATED, DATABASE)):
        steps = steps_between(objects(before), objects(after))
        kinds = [step.key.kind for step in steps if step.key.kind != "EndpointSlice"]
        assert kinds == ["Service", "DestinationRule", "DestinationRule", "Service"]


def test_no_addresses_are_put_behind_a_name_of_somebody_else() -> None:
    wanted = objects(DATABASE)
    taken = [obj for obj in wanted if obj["kind"] == "Service"]
    found = [live(obj, "another", manager="kubectl-edit") for obj in taken]
    result = plan(wanted, found, {}, installation=CLUSTER.installation)
    assert write_steps(result) == []
    held = [block.key.kind for block in held_back(result)]
    assert held == ["EndpointSlice", "DestinationRule"]


def test_addresses_go_although_somebody_else_has_the_name() -> None:
    ours = objects(DATABASE)
    found = [
        live(obj, "another", manager="kubectl-edit")
        if obj["kind"] == "Service"
        else live(obj, uid_of(obj))
        for obj in ours
    ]
    owned = {key_of(obj): OwnedRecord(uid_of(obj)) for obj in ours}
    result = plan([], found, owned, installation=CLUSTER.installation)
    assert told(write_steps(result)) == ["out delete EndpointSlice", "out delete DestinationRule"]


class Line(NamedTuple):
    """An address and port that a name leads to, and how it is spoken to."""

    address: str
    port: int
    mode: str


def lines(cluster: Cluster) -> set[Line]:
    """Everything that names lead to."""
    found = set()
    by_kind = {kind: [o for o in cluster.values() if o["kind"] == kind] for kind in BEHIND}
    for service in by_kind["Service"]:
        rules = [r["spec"]["trafficPolicy"]["tls"]["mode"] for r in by_kind["DestinationRule"]]
        for behind in by_kind["EndpointSlice"]:
            for endpoint in behind["endpoints"]:
                ports = {port["port"] for port in behind["ports"]}
                for port in service["spec"]["ports"]:
                    if port["port"] in ports:
                        mode = rules[0] if rules else "whatever the mesh says"
                        found.add(Line(endpoint["addresses"][0], port["port"], mode))
    return found


FIXED = st.builds(
    lambda addresses, ports: [
        replace(DATABASE, host=f"203.0.113.{last}/32", port=port)
        for last in sorted(addresses)
        for port in sorted(ports)
    ],
    st.sets(st.integers(13, 15), max_size=2),
    st.sets(st.sampled_from([5432, 5433, 6432]), max_size=2),
) | st.just([ORIGINATED])


@settings(max_examples=80, deadline=None)
@given(FIXED, FIXED, st.frozensets(st.integers(0, 8), max_size=2))
def test_a_name_never_leads_to_an_address_and_port_that_neither_side_grants(
    before: list[Destination], after: list[Destination], failing: frozenset[int]
) -> None:
    old, new = objects(*before), objects(*after)
    cluster = stored(old)
    allowed = lines(cluster) | lines(stored(new))
    both = lines(cluster) & lines(stored(new))
    for step, now in carry_out(cluster, steps_between(old, new), failing):
        assert lines(now) <= allowed, step
        assert failing or both <= lines(now), step
    if not failing:
        assert cluster == stored(new)
