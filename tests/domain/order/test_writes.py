"""The order of writes under every enforcement, step by step (istio.md 3.8)."""

from dataclasses import replace

import pytest

from egress.domain.access import Destination, Protocol
from egress.domain.objects import key_of, with_content_hash
from egress.domain.order import Direction, Step, write_steps
from egress.domain.plan import OwnedRecord, plan
from tests.domain.examples import CLUSTER, live, managed
from tests.domain.order.worlds import (
    AMBIENT,
    CENTRAL,
    GATEWAY,
    SIDECAR,
    World,
    between,
    carry_out,
    mesh,
    steps_between,
    stored,
    told,
    uid_of,
)
from tests.domain.order.worlds import access_to as to

HOST = "a.example.com"
PLAIN = Destination(HOST, 80, Protocol.HTTP)
ORIGINATED = Destination(HOST, 80, Protocol.HTTP, tls_origination=True)
HTTP_8080 = Destination(HOST, 8080, Protocol.HTTP)
TLS = Destination(HOST, 443, Protocol.TLS)
TCP = Destination(HOST, 5432, Protocol.TCP)


def shown(step: Step) -> list[str]:
    """What the written object is exported to."""
    assert step.obj is not None
    return list(step.obj["spec"]["exportTo"])


def test_a_new_host_is_decided_upon_before_clients_see_it() -> None:
    steps = between(GATEWAY, [], [to(ORIGINATED), to(TLS)])
    assert told(steps) == [
        "in create AuthorizationPolicy",
        "in create ServiceEntry",
        "in create DestinationRule orig",
        "in create Gateway p443",
        "in create VirtualService http",
        "in create VirtualService p443",
        "in create DestinationRule",
        "in create VirtualService mesh",
        "in update ServiceEntry",
    ]
    entries = [step for step in steps if step.key.kind == "ServiceEntry"]
    assert [shown(step) for step in entries] == [["."], [".", "default"]]
    assert entries[1].uid == "", "it means the object that the first of the two steps creates"
    assert entries[0].key in entries[1].needs


def test_the_last_grant_of_a_host_goes_in_the_reverse_order() -> None:
    steps = between(GATEWAY, [to(ORIGINATED), to(TLS)], [])
    assert told(steps) == [
        "out delete Gateway p443",
        "out delete AuthorizationPolicy",
        "out update ServiceEntry",
        "out delete VirtualService mesh",
        "out delete DestinationRule",
        "out delete VirtualService http",
        "out delete VirtualService p443",
        "out delete DestinationRule orig",
        "out delete ServiceEntry",
    ]
    assert shown(steps[2]) == ["."]


def test_a_second_namespace_gets_a_door_before_it_sees_the_host() -> None:
    steps = between(GATEWAY, [to(TLS)], [to(TLS), to(TLS, "otherns")])
    assert told(steps) == [
        "in update Gateway p443",
        "in update VirtualService p443",
        "in create DestinationRule",
        "in update VirtualService mesh",
        "in update ServiceEntry",
    ]


def test_a_namespace_that_leaves_is_shut_out_first_and_the_other_keeps_everything() -> None:
    steps = between(GATEWAY, [to(TLS), to(TLS, "otherns")], [to(TLS)])
    assert told(steps) == [
        "out update Gateway p443",
        "out update ServiceEntry",
        "out update VirtualService mesh",
        "out delete DestinationRule",
        "out update VirtualService p443",
    ]
    doors = steps[0].obj
    assert doors is not None
    assert [s["hosts"] for s in doors["spec"]["servers"]] == [["./p443.default.a.example.com"]]


def test_a_port_of_a_host_that_clients_see_already_comes_last_and_nothing_is_hidden() -> None:
    steps = between(GATEWAY, [to(PLAIN)], [to(PLAIN), to(TLS)])
    assert told(steps) == [
        "in create Gateway p443",
        "in create VirtualService p443",
        "in update DestinationRule",
        "in update VirtualService mesh",
        "in update ServiceEntry",
    ]
    assert all(step.obj and step.direction is Direction.IN for step in steps)


def test_a_single_account_is_swapped_for_another_in_two_writes() -> None:
    steps = between(GATEWAY, [to(TLS, account="billing")], [to(TLS, account="default")])
    assert told(steps)[:1] == ["out delete Gateway p443"]
    assert told(steps)[-1:] == ["in create Gateway p443"]


def test_an_account_stays_when_its_whole_namespace_is_granted() -> None:
    steps = between(GATEWAY, [to(PLAIN, account="billing")], [to(PLAIN)])
    assert told(steps) == ["in update AuthorizationPolicy"]
    steps = between(GATEWAY, [to(PLAIN)], [to(PLAIN, account="billing")])
    assert told(steps) == ["out update AuthorizationPolicy"]


def test_a_port_goes_out_before_its_origination_changes() -> None:
    for before, after in ((PLAIN, ORIGINATED), (ORIGINATED, PLAIN)):
        steps = between(GATEWAY, [to(before), to(TLS)], [to(after), to(TLS)])
        assert told(steps)[:2] == ["out update ServiceEntry", "out delete VirtualService http"]
        assert told(steps)[-2:] == ["in create VirtualService http", "in update ServiceEntry"]
        narrowed = steps[0].obj
        assert narrowed is not None
        assert [port["number"] for port in narrowed["spec"]["ports"]] == [443]


def test_the_only_route_of_a_host_learns_its_authority_before_a_second_port_is_admitted() -> None:
    """Without a match it takes requests for every port, so the newcomer would be led to it."""
    steps = between(GATEWAY, [to(PLAIN)], [to(PLAIN), to(HTTP_8080, "otherns", "billing")])
    assert told(steps)[:2] == ["in update VirtualService http", "in update AuthorizationPolicy"]
    assert steps[0].key in steps[1].needs


def test_steps_five_and_six_say_which_rule_each_namespace_needs() -> None:
    steps = between(GATEWAY, [to(TLS)], [to(TLS), to(TLS, "otherns"), to(TCP)])
    rules = {step.key.name: step.key for step in steps if step.key.kind == "DestinationRule"}
    opening = [step for step in steps if step.narrowable]
    assert [step.key.kind for step in opening] == ["VirtualService", "ServiceEntry"]
    for step in opening:
        assert step.per_namespace == {"otherns": {rules["eg-client-otherns-2bee00e9ae"]}}


def test_a_namespace_whose_rule_was_not_done_delays_nobody() -> None:
    old, new = [to(TLS)], [to(TLS), to(TLS, "otherns"), to(TCP)]
    steps = between(GATEWAY, old, new)
    position = next(n for n, s in enumerate(steps) if s.key.name == "eg-client-otherns-2bee00e9ae")
    cluster = stored(GATEWAY.render(frozenset(old)))
    for _ in carry_out(cluster, steps, frozenset({position})):
        pass
    reached = {(way.namespace, way.port) for way in mesh(cluster).users()}
    assert reached == {("default", 443), ("default", 5432)}


def test_a_port_told_apart_by_address_waits_for_one() -> None:
    hidden, visible = between(SIDECAR, [], [to(TCP)])
    assert (shown(hidden), shown(visible)) == (["~"], ["."])
    assert (hidden.awaits_address, visible.awaits_address) == (False, True)
    (added,) = between(SIDECAR, [to(TLS)], [to(TLS), to(TCP)])
    assert added.awaits_address
    assert between(GATEWAY, [], [to(TCP)])[-1].awaits_address
    assert between(CENTRAL, [], [to(TCP)])[-2].awaits_address


def test_nothing_else_waits_for_an_address() -> None:
    fixed = replace(TCP, addresses=("203.0.113.9",))
    for world in (SIDECAR, GATEWAY, CENTRAL):
        steps = between(world, [], [to(fixed), to(replace(TLS, host="b.example.com"))])
        assert not any(step.awaits_address for step in steps)
    assert not any(step.awaits_address for step in between(AMBIENT, [], [to(TCP)]))
    kept = between(SIDECAR, [to(TCP), to(TLS)], [to(TCP), to(TLS), to(PLAIN)])
    assert not any(step.awaits_address for step in kept)


def test_other_fixed_addresses_are_another_destination() -> None:
    one, two = (replace(TCP, addresses=(address,)) for address in ("203.0.113.9", "203.0.113.8"))
    assert told(between(SIDECAR, [to(one)], [to(two)])) == [
        "out delete ServiceEntry",
        "in create ServiceEntry",
    ]


def test_at_a_waypoint_the_policy_comes_first_and_goes_first() -> None:
    assert told(between(AMBIENT, [], [to(ORIGINATED)])) == [
        "in create AuthorizationPolicy",
        "in create DestinationRule orig",
        "in create ServiceEntry",
    ]
    assert told(between(AMBIENT, [to(ORIGINATED)], [])) == [
        "out delete AuthorizationPolicy",
        "out delete ServiceEntry",
        "out delete DestinationRule orig",
    ]


def test_central_entries_come_before_the_list_that_admits_them() -> None:
    assert told(between(CENTRAL, [], [to(ORIGINATED)])) == [
        "in create DestinationRule orig",
        "in create ServiceEntry",
        "in update Sidecar",
    ]
    assert told(between(CENTRAL, [to(ORIGINATED)], [])) == [
        "out update Sidecar",
        "out delete ServiceEntry",
        "out delete DestinationRule orig",
    ]


def test_one_host_leaves_a_list_and_another_comes_in_two_writes() -> None:
    other = replace(PLAIN, host="b.example.com")
    steps = [s for s in between(CENTRAL, [to(PLAIN)], [to(other)]) if s.key.kind == "Sidecar"]
    assert [step.direction for step in steps] == [Direction.OUT, Direction.IN]
    assert all(step.obj and "egress" in step.obj["spec"] for step in steps)


def test_a_host_that_moves_to_another_gateway_is_never_reached_past_both() -> None:
    second = replace(GATEWAY.cluster.gateways[0], id="b", service="")
    cluster = replace(GATEWAY.cluster, gateways=(*GATEWAY.cluster.gateways, second))
    moved = World(replace(cluster, assignments={HOST: "b"}), GATEWAY.inventory)
    grants = frozenset([to(TLS), to(PLAIN)])
    old, new = World(cluster, GATEWAY.inventory).render(grants), moved.render(grants)
    state = stored(old)
    for step, now in carry_out(state, steps_between(old, new)):
        assert not [way for way in mesh(now).attacker() if way.how.startswith("direct")], step
    assert state == stored(new)


def test_a_host_that_moves_between_gateway_and_waypoint_is_never_known_without_either() -> None:
    grants = frozenset([to(TLS), to(ORIGINATED)])
    by_gateway, by_waypoint = GATEWAY.render(grants), AMBIENT.render(grants)
    for old, new in ((by_gateway, by_waypoint), (by_waypoint, by_gateway)):
        state = stored(old)
        for step, now in carry_out(state, steps_between(old, new)):
            reached = {way.how for way in mesh(now).attacker()}
            assert reached <= {"TLS", "originated"}, step
        assert state == stored(new)


def test_a_route_that_somebody_deleted_is_closed_before_it_is_written_again() -> None:
    wanted = GATEWAY.render(frozenset([to(TLS)]))
    left = [obj for obj in wanted if not obj["metadata"]["name"].endswith("-mesh")]
    steps = steps_between(left, wanted)
    assert told(steps) == [
        "out update ServiceEntry",
        "in create VirtualService mesh",
        "in update ServiceEntry",
    ]
    assert shown(steps[0]) == ["."]


def test_a_door_that_somebody_opened_wide_is_put_right_in_one_write() -> None:
    wanted = GATEWAY.render(frozenset([to(TLS)]))
    found = [live(obj, uid_of(obj)) for obj in wanted]
    for obj in found:
        if obj["kind"] == "Gateway":
            (server,) = obj["spec"]["servers"]
            wide = {**server, "tls": {**server["tls"], "subjectAltNames": []}}
            obj["spec"] = {**obj["spec"], "servers": [wide]}
    owned = {key_of(obj): OwnedRecord(uid_of(obj)) for obj in wanted}
    steps = write_steps(plan(wanted, found, owned, installation=CLUSTER.installation))
    assert told(steps) == ["out update Gateway p443"]


def test_a_policy_with_a_rule_of_somebody_else_is_made_anew() -> None:
    wanted = GATEWAY.render(frozenset([to(PLAIN)]))
    found = [live(obj, uid_of(obj)) for obj in wanted]
    for obj in found:
        if obj["kind"] == "AuthorizationPolicy":
            obj["spec"] = {**obj["spec"], "provider": {"name": "theirs"}}
            obj["metadata"]["managedFields"].append(managed("kubectl-edit", {"provider": {}}))
    owned = {key_of(obj): OwnedRecord(uid_of(obj)) for obj in wanted}
    steps = write_steps(plan(wanted, found, owned, installation=CLUSTER.installation))
    assert told(steps) == ["out delete AuthorizationPolicy", "in create AuthorizationPolicy"]


def test_an_object_without_a_place_in_the_order_is_refused() -> None:
    (entry,) = SIDECAR.render(frozenset([to(TLS)]))
    strange = with_content_hash({**entry, "kind": "WorkloadEntry"})
    with pytest.raises(ValueError, match="no place in the order"):
        steps_between([], [strange])
