"""The order of writes under `sidecar` enforcement, and what foreign objects hold back."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, Protocol
from egress.domain.manifests.check import check_object
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.order import Direction, Step, Verb, held_back, write_steps
from egress.domain.plan import OwnedRecord, Plan, plan
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, live, managed, namespace, to

HTTP = Protocol.HTTP
HOST = "a.example.com"
PLAIN_80 = grant(to(HOST, 80, HTTP))
ORIGINATED_80 = grant(to(HOST, 80, HTTP, origination=True))
TLS_443, TLS_8443 = grant(to(HOST, 443)), grant(to(HOST, 8443))
ELSEWHERE = grant(to("b.example.com", 443))

Cluster = dict[ObjectKey, KubeObject]
Opened = set[tuple[str, int, str, bool]]


def objects(grants: Iterable[Access], deny: bool = False) -> list[KubeObject]:
    """What namespace `default` needs for these grants."""
    return render(CLUSTER, inventory(namespace("default", default_deny=deny)), grants)


def change(before: list[KubeObject], after: list[KubeObject]) -> Plan:
    """The plan from one settled state to another."""
    found = [live(obj, f"uid-{obj['metadata']['name']}") for obj in before]
    owned = {key_of(obj): OwnedRecord(f"uid-{obj['metadata']['name']}") for obj in before}
    return plan(after, found, owned, installation=CLUSTER.installation)


def opened(cluster: Cluster) -> Opened:
    """Every (host, port, protocol, TLS originated) that the cluster lets through."""
    return {
        (obj["spec"]["hosts"][0], port["number"], port["protocol"], "targetPort" in port)
        for key, obj in cluster.items()
        if key.kind == "ServiceEntry"
        for port in obj["spec"]["ports"]
    }


def clear_text_to_tls(cluster: Cluster) -> list[ObjectKey]:
    """ServiceEntries that send clear text to a TLS port because no rule originates TLS."""
    names = {key.name for key in cluster if key.kind == "DestinationRule"}
    return [
        key
        for key, obj in cluster.items()
        if key.kind == "ServiceEntry"
        and any("targetPort" in port for port in obj["spec"]["ports"])
        and f"{key.name}-orig" not in names
    ]


def carry_out(
    cluster: Cluster, steps: list[Step], failing: frozenset[int] = frozenset()
) -> Iterable[tuple[Step, Cluster]]:
    """Yield each step that was written and the cluster after it; steps in `failing` fail."""
    failed: set[ObjectKey] = set()
    for position, step in enumerate(steps):
        if position in failing or step.needs & failed:
            failed.add(step.key)
            continue
        if step.verb is Verb.DELETE:
            del cluster[step.key]
        else:
            assert (step.key in cluster) == (step.verb is Verb.UPDATE), step
            assert step.obj is not None
            assert check_object(step.obj) == [], step
            cluster[step.key] = step.obj
        yield step, cluster


def verbs(steps: list[Step]) -> list[tuple[str, str]]:
    """The steps as (verb, kind)."""
    return [(step.verb.value, step.key.kind) for step in steps]


ENTRY, RULE, SIDECAR = "ServiceEntry", "DestinationRule", "Sidecar"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [ORIGINATED_80], [("create", RULE), ("create", ENTRY)]),
        ([ORIGINATED_80], [], [("delete", ENTRY), ("delete", RULE)]),
        ([TLS_443], [TLS_443, TLS_8443], [("update", ENTRY)]),
        ([TLS_443, TLS_8443], [TLS_443], [("update", ENTRY)]),
        ([TLS_443], [TLS_443, ORIGINATED_80], [("create", RULE), ("update", ENTRY)]),
        ([TLS_443, ORIGINATED_80], [TLS_443], [("update", ENTRY), ("delete", RULE)]),
        ([PLAIN_80], [ORIGINATED_80], [("delete", ENTRY), ("create", RULE), ("create", ENTRY)]),
        ([ORIGINATED_80], [PLAIN_80], [("delete", ENTRY), ("delete", RULE), ("create", ENTRY)]),
        (
            [TLS_443, TLS_8443],
            [TLS_443, ORIGINATED_80],
            [("update", ENTRY), ("create", RULE), ("update", ENTRY)],
        ),
        (
            [TLS_443, ORIGINATED_80],
            [TLS_443, PLAIN_80],
            [("update", ENTRY), ("delete", RULE), ("update", ENTRY)],
        ),
        ([TLS_443], [TLS_8443], [("delete", ENTRY), ("create", ENTRY)]),
        ([TLS_443], [ORIGINATED_80], [("delete", ENTRY), ("create", RULE), ("create", ENTRY)]),
        ([TLS_443], [ELSEWHERE], [("delete", ENTRY), ("create", ENTRY)]),
        ([TLS_443], [TLS_443], []),
    ],
)
def test_the_steps_come_in_the_order_of_the_specification(
    before: list[Access], after: list[Access], expected: list[tuple[str, str]]
) -> None:
    assert verbs(write_steps(change(objects(before), objects(after)))) == expected


def test_default_deny_goes_on_after_the_grants_that_production_keeps() -> None:
    steps = write_steps(change([], objects([TLS_443, ORIGINATED_80], deny=True)))
    assert verbs(steps)[-1] == ("create", SIDECAR)
    assert steps[-1].direction is Direction.OUT
    assert {key.kind for key in steps[-1].waits_for} == {ENTRY}
    assert not steps[-1].needs, "a grant that cannot be written must not keep the namespace open"


def test_default_deny_goes_off_after_everything_that_closes() -> None:
    steps = write_steps(change(objects([TLS_443, ORIGINATED_80], deny=True), objects([TLS_8443])))
    assert verbs(steps)[-1] == ("delete", SIDECAR)
    assert steps[-1].direction is Direction.IN


def test_updates_and_deletes_name_the_object_they_mean() -> None:
    steps = write_steps(
        change(objects([TLS_443, PLAIN_80, ELSEWHERE]), objects([TLS_443, TLS_8443]))
    )
    assert [step.verb for step in steps] == [Verb.UPDATE, Verb.DELETE, Verb.UPDATE]
    assert all(step.uid.startswith("uid-eg-") for step in steps)


def with_foreign_rule(before: list[KubeObject], after: list[KubeObject]) -> Plan:
    """A plan where somebody else has the name of the origination rule that `after` needs."""
    found = [live(obj, f"uid-{obj['metadata']['name']}") for obj in before]
    rules = [obj for obj in after if obj["kind"] == RULE]
    foreign = [live(rule, "another", manager="kubectl-edit") for rule in rules]
    owned = {key_of(obj): OwnedRecord(f"uid-{obj['metadata']['name']}") for obj in before}
    return plan(after, [*found, *foreign], owned, installation=CLUSTER.installation)


def test_nothing_is_routed_to_a_port_whose_rule_belongs_to_somebody_else() -> None:
    result = with_foreign_rule([], objects([ORIGINATED_80]))
    assert write_steps(result) == []
    (held,) = held_back(result)
    assert (held.key.kind, held.blocked_by.kind) == (ENTRY, RULE)
    assert "clear text" in held.message


def test_a_revoke_goes_out_although_the_new_port_is_held_back() -> None:
    result = with_foreign_rule(objects([TLS_443, TLS_8443]), objects([TLS_443, ORIGINATED_80]))
    (step,) = write_steps(result)
    assert step.direction is Direction.OUT
    assert step.obj is not None
    assert [port["number"] for port in step.obj["spec"]["ports"]] == [443]


def test_a_rule_stays_while_a_foreign_entry_may_route_to_its_port() -> None:
    before = objects([ORIGINATED_80])
    found = [live(before[0], "uid-rule"), live(before[1], "another", manager="kubectl-edit")]
    owned = {
        key_of(before[0]): OwnedRecord("uid-rule"),
        key_of(before[1]): OwnedRecord("uid-entry"),
    }
    result = plan([], found, owned, installation=CLUSTER.installation)
    assert write_steps(result) == []
    assert [held.key.kind for held in held_back(result)] == [RULE]


def test_a_rule_that_must_be_replaced_takes_its_entry_along() -> None:
    wanted = objects([ORIGINATED_80])
    found = [live(obj, f"uid-{obj['metadata']['name']}") for obj in wanted]
    found[0]["spec"] = {**found[0]["spec"], "workloadSelector": {"matchLabels": {"app": "x"}}}
    found[0]["metadata"]["managedFields"].append(managed("kubectl-edit", {"workloadSelector": {}}))
    owned = {key_of(obj): OwnedRecord(f"uid-{obj['metadata']['name']}") for obj in wanted}
    steps = write_steps(plan(wanted, found, owned, installation=CLUSTER.installation))
    assert verbs(steps) == [
        ("delete", ENTRY),
        ("delete", RULE),
        ("create", RULE),
        ("create", ENTRY),
    ]


def test_objects_of_a_kind_that_only_a_later_release_writes_are_removed() -> None:
    later = {**objects([TLS_443])[0], "kind": "VirtualService"}
    owned = {key_of(later): OwnedRecord("uid")}
    result = plan([], [live(later, "uid")], owned, installation=CLUSTER.installation)
    assert verbs(write_steps(result)) == [("delete", "VirtualService")]


PORTS_OF_ONE_HOST = st.tuples(
    st.sampled_from([None, PLAIN_80, ORIGINATED_80]),
    st.sampled_from([None, TLS_443]),
    st.sampled_from([None, TLS_8443]),
).map(lambda some: [access for access in some if access])
STATES = st.tuples(
    st.tuples(PORTS_OF_ONE_HOST, st.sampled_from([[], [ELSEWHERE]])).map(
        lambda two: two[0] + two[1]
    ),
    st.booleans(),
).map(lambda state: objects(*state))


@settings(max_examples=200, deadline=None)
@given(STATES, STATES)
def test_carried_out_whole_a_plan_reaches_what_is_wanted(
    before: list[KubeObject], after: list[KubeObject]
) -> None:
    cluster = {key_of(obj): obj for obj in before}
    for _ in carry_out(cluster, write_steps(change(before, after))):
        pass
    assert cluster == {key_of(obj): obj for obj in after}


@settings(max_examples=300, deadline=None)
@given(STATES, STATES, st.frozensets(st.integers(0, 6), max_size=3))
def test_no_step_opens_more_or_sends_clear_text_whatever_fails(
    before: list[KubeObject], after: list[KubeObject], failing: frozenset[int]
) -> None:
    cluster = {key_of(obj): obj for obj in before}
    allowed = opened(cluster) | opened({key_of(obj): obj for obj in after})
    for step, now in carry_out(cluster, write_steps(change(before, after)), failing):
        assert opened(now) <= allowed, step
        assert clear_text_to_tls(now) == [], step


@settings(max_examples=200, deadline=None)
@given(STATES, STATES)
def test_what_was_revoked_is_closed_before_anything_new_opens(
    before: list[KubeObject], after: list[KubeObject]
) -> None:
    cluster = {key_of(obj): obj for obj in before}
    revoked = opened(cluster) - opened({key_of(obj): obj for obj in after})
    for step, now in carry_out(cluster, write_steps(change(before, after))):
        if step.direction is Direction.IN:
            assert not opened(now) & revoked, step


@settings(max_examples=200, deadline=None)
@given(STATES, STATES)
def test_failing_to_open_never_keeps_anything_from_closing(
    before: list[KubeObject], after: list[KubeObject]
) -> None:
    steps = write_steps(change(before, after))
    opening = frozenset(n for n, step in enumerate(steps) if step.direction is Direction.IN)
    cluster = {key_of(obj): obj for obj in before}
    revoked = opened(cluster) - opened({key_of(obj): obj for obj in after})
    for _ in carry_out(cluster, steps, opening):
        pass
    assert not opened(cluster) & revoked
    assert all(
        step.verb is not Verb.DELETE or step.key.kind == SIDECAR
        for step in steps
        if step.direction is Direction.IN
    )
