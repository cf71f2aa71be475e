"""What is not written while a foreign object has one of our names, and what is all the same."""

import pytest

from egress.domain.access import Destination, Protocol
from egress.domain.objects import KubeObject, key_of
from egress.domain.order import Direction, Step, held_back, write_steps
from egress.domain.plan import OwnedRecord, plan
from tests.domain.examples import CLUSTER, live
from tests.domain.order.worlds import CENTRAL, GATEWAY, told, uid_of
from tests.domain.order.worlds import access_to as to

HOST = "a.example.com"
PLAIN = Destination(HOST, 80, Protocol.HTTP)
ORIGINATED = Destination(HOST, 80, Protocol.HTTP, tls_origination=True)
HTTP_8080 = Destination(HOST, 8080, Protocol.HTTP)
TLS = Destination(HOST, 443, Protocol.TLS)


def with_foreign(
    foreign: list[KubeObject], ours: list[KubeObject], wanted: list[KubeObject]
) -> "tuple[list[Step], list[str]]":
    """The steps and what is held while somebody else has the names of `foreign`."""
    found = [live(obj, uid_of(obj)) for obj in ours]
    found += [live(obj, "another", manager="kubectl-edit") for obj in foreign]
    owned = {key_of(obj): OwnedRecord(uid_of(obj)) for obj in ours}
    result = plan(wanted, found, owned, installation=CLUSTER.installation)
    return write_steps(result), [str(held.key) for held in held_back(result)]


@pytest.mark.parametrize("kind", ["AuthorizationPolicy", "Gateway", "ServiceEntry", "mesh", "http"])
def test_nothing_is_opened_for_a_host_while_somebody_else_has_one_of_its_names(kind: str) -> None:
    wanted = GATEWAY.render(frozenset([to(TLS), to(ORIGINATED)]))
    taken = [o for o in wanted if o["kind"] == kind or o["metadata"]["name"].endswith(f"-{kind}")]
    steps, held = with_foreign(taken, [], wanted)
    assert told(steps) == ["in create DestinationRule"], "its client rule alone leads nowhere"
    assert len(held) == len(wanted) - len(taken) - 1


def test_a_revoke_is_not_held_back_by_a_foreign_object() -> None:
    old = GATEWAY.render(frozenset([to(TLS), to(PLAIN)]))
    new = GATEWAY.render(frozenset([to(PLAIN), to(HTTP_8080)]))
    foreign = [obj for obj in new if obj["kind"] == "AuthorizationPolicy"]
    steps, _ = with_foreign(foreign, [o for o in old if o["kind"] != "AuthorizationPolicy"], new)
    assert told(steps)[0] == "out delete Gateway p443"
    assert {step.direction for step in steps if "-mesh" in step.key.name} == {Direction.OUT}


def test_the_way_to_the_gateway_stays_while_a_foreign_entry_makes_the_host_known() -> None:
    old = GATEWAY.render(frozenset([to(TLS)]))
    foreign = [obj for obj in old if obj["kind"] == "ServiceEntry"]
    ours = [obj for obj in old if obj["kind"] != "ServiceEntry"]
    found = [live(obj, uid_of(obj)) for obj in ours]
    found += [live(obj, "another", manager="kubectl-edit") for obj in foreign]
    owned = {key_of(obj): OwnedRecord(uid_of(obj)) for obj in old}
    result = plan([], found, owned, installation=CLUSTER.installation)
    assert "out delete VirtualService mesh" not in told(write_steps(result))
    assert "out delete Gateway p443" in told(write_steps(result))
    (held,) = held_back(result)
    assert "past the gateway" in held.message


def test_a_foreign_entry_is_not_admitted_by_a_host_list() -> None:
    wanted = CENTRAL.render(frozenset([to(PLAIN)]))
    foreign = [obj for obj in wanted if obj["kind"] == "ServiceEntry"]
    steps, held = with_foreign(foreign, CENTRAL.render(frozenset()), wanted)
    assert steps == []
    assert held == ["Sidecar default/default"]
