"""What a plan finds to do, and above all what it leaves alone."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Protocol
from egress.domain.naming import CONTENT_HASH_ANNOTATION, INSTALLATION_LABEL, MANAGED_BY_LABEL
from egress.domain.objects import KubeObject, content_hash, key_of
from egress.domain.plan import Action, OwnedRecord, Plan, PlanItem, diff, plan
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, live, managed, namespace, to

ENTRY = render(
    CLUSTER, inventory(), [grant(to("a.example.com")), grant(to("a.example.com", 8443))]
)[0]
RULE, ORIGINATED = render(
    CLUSTER, inventory(), [grant(to("b.example.com", 80, Protocol.HTTP, origination=True))]
)
SIDECAR = render(CLUSTER, inventory(namespace("default", default_deny=True)), [])[0]
KEY = key_of(ENTRY)
KNOWN = {KEY: OwnedRecord(uid="u1")}


def planned(desired: list[KubeObject], found: list[KubeObject], owned: Any = None) -> Plan:
    """The plan of installation `portal-a`."""
    return plan(desired, found, KNOWN if owned is None else owned, installation="portal-a")


def only(result: Plan) -> PlanItem:
    """The only item of a plan."""
    (item,) = result.items
    return item


def altered(obj: KubeObject, path: str, value: Any) -> KubeObject:
    """A deep copy with one field set, or removed when the value is None."""
    result = copy.deepcopy(obj)
    *parents, last = path.split("/")
    at: Any = result
    for step in parents:
        at = at[int(step)] if isinstance(at, list) else at[step.replace("~", "/")]
    last = last.replace("~", "/")
    if value is None:
        del at[last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return result


def test_what_is_missing_is_created() -> None:
    assert only(planned([ENTRY], [], {})).action is Action.CREATE


def test_what_agrees_is_left_unchanged_whatever_the_server_filled_in() -> None:
    result = planned([ENTRY], [live(ENTRY, "u1")])
    assert only(result).action is Action.UNCHANGED
    assert only(result).diff == ""


def test_what_nobody_wants_any_more_is_deleted_by_uid() -> None:
    item = only(planned([], [live(ENTRY, "u1")]))
    assert (item.action, item.uid) == (Action.DELETE, "u1")


def test_what_is_on_record_but_neither_wanted_nor_there_is_gone() -> None:
    result = planned([], [])
    assert result.items == ()
    assert result.gone == (KEY,)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata/labels", {}),
        ("metadata/labels/egress-portal.io~installation", "portal-b"),
        ("metadata/labels/app.kubernetes.io~managed-by", "Helm"),
        ("metadata/annotations", {}),
        ("spec/exportTo", ["*"]),
        ("spec/exportTo", [".", "otherns"]),
        ("spec/resolution", "NONE"),
        ("spec/ports/0/protocol", "TCP"),
        ("spec/ports", []),
        ("spec", {}),
    ],
)
def test_a_change_to_what_we_decided_is_healed(path: str, value: Any) -> None:
    item = only(planned([ENTRY], [altered(live(ENTRY, "u1"), path, value)]))
    assert item.action is Action.UPDATE
    assert item.uid == "u1"


def test_labels_and_annotations_of_others_are_left_alone() -> None:
    found = live(ENTRY, "u1")
    found["metadata"]["labels"] = {**found["metadata"]["labels"], "team": "shop"}
    found["metadata"]["annotations"] = {**found["metadata"]["annotations"], "note": "hands off"}
    found["metadata"]["finalizers"] = ["example.com/keep"]
    assert only(planned([ENTRY], [found])).action is Action.UNCHANGED


def test_the_order_of_ports_in_the_cluster_does_not_matter() -> None:
    found = live(ENTRY, "u1")
    found["spec"] = {**found["spec"], "ports": found["spec"]["ports"][::-1]}
    assert only(planned([ENTRY], [found])).action is Action.UNCHANGED


def test_a_port_that_we_granted_before_is_taken_away() -> None:
    narrowed = render(CLUSTER, inventory(), [grant(to("a.example.com"))])[0]
    item = only(planned([narrowed], [live(ENTRY, "u1")]))
    assert item.action is Action.UPDATE
    assert not item.replace
    assert "-  - number: 8443" in item.diff


def test_an_origination_that_ended_is_taken_out_of_its_port() -> None:
    plain = render(CLUSTER, inventory(), [grant(to("b.example.com", 80, Protocol.HTTP))])[0]
    item = only(planned([plain], [live(ORIGINATED, "u1")], {key_of(plain): OwnedRecord("u1")}))
    assert item.action is Action.UPDATE
    assert "-    targetPort: 443" in item.diff


def test_a_port_that_somebody_else_added_asks_for_a_replacement() -> None:
    found = live(ENTRY, "u1")
    intruder = {"number": 22, "name": "tcp-22", "protocol": "TCP"}
    found["spec"] = {**found["spec"], "ports": [*found["spec"]["ports"], intruder]}
    found["metadata"]["managedFields"].append(managed("kubectl-edit", {"ports": [intruder]}))
    item = only(planned([ENTRY], [found]))
    assert item.action is Action.UPDATE
    assert item.replace


def test_a_port_added_under_our_own_name_is_taken_away_by_an_update() -> None:
    found = live(ENTRY, "u1")
    intruder = {"number": 22, "name": "tcp-22", "protocol": "TCP"}
    found["spec"] = {**found["spec"], "ports": [*found["spec"]["ports"], intruder]}
    found["metadata"]["managedFields"] = [managed("egress-portal", found["spec"])]
    item = only(planned([ENTRY], [found]))
    assert (item.action, item.replace) == (Action.UPDATE, False)


def test_endpoints_that_somebody_else_added_ask_for_a_replacement() -> None:
    found = altered(live(ENTRY, "u1"), "spec/endpoints", [{"address": "10.0.0.1"}])
    found["metadata"]["managedFields"].append(managed("kubectl-edit", {"endpoints": []}))
    assert only(planned([ENTRY], [found])).replace


def test_tuning_that_somebody_else_added_to_a_rule_is_left_alone() -> None:
    found = altered(
        live(RULE, "u1"), "spec/trafficPolicy/connectionPool", {"tcp": {"maxConnections": 9}}
    )
    found["metadata"]["managedFields"].append(
        managed(
            "kubectl-edit", {"trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 9}}}}
        )
    )
    item = only(planned([RULE], [found], {key_of(RULE): OwnedRecord("u1")}))
    assert item.action is Action.UNCHANGED
    assert not item.replace


@pytest.mark.parametrize("obj", [RULE, SIDECAR], ids=["DestinationRule", "Sidecar"])
def test_a_selector_that_takes_pods_out_asks_for_a_replacement(obj: KubeObject) -> None:
    found = altered(live(obj, "u1"), "spec/workloadSelector", {"labels": {"app": "x"}})
    found["metadata"]["managedFields"].append(managed("kubectl-edit", {"workloadSelector": {}}))
    assert only(planned([obj], [found], {key_of(obj): OwnedRecord("u1")})).replace


OTHERS = {
    "unlabelled": {"labels": {}, "annotations": {}},
    "another manager": {"labels": {MANAGED_BY_LABEL: "Helm"}},
    "another installation": {
        "labels": {MANAGED_BY_LABEL: "egress-portal", INSTALLATION_LABEL: "portal-b"}
    },
    "our labels, spoofed": {},
}


@pytest.mark.parametrize("obj", [ENTRY, RULE, SIDECAR], ids=lambda obj: obj["kind"])
@pytest.mark.parametrize("metadata", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize(
    "record",
    [None, OwnedRecord("another-uid"), OwnedRecord("", "f" * 64)],
    ids=["no record", "other uid", "other intent"],
)
@pytest.mark.parametrize("wanted", [True, False], ids=["wanted", "not wanted"])
def test_a_foreign_object_is_never_changed(
    obj: KubeObject, metadata: dict[str, Any], record: OwnedRecord | None, wanted: bool
) -> None:
    found = live(obj, "foreign-uid", manager="kubectl-client-side-apply", **metadata)
    owned = {key_of(obj): record} if record else {}
    result = planned([obj] if wanted else [], [found], owned)
    assert {item.action for item in result.items} <= {Action.FOREIGN}
    assert all("kubectl-client-side-apply" in item.note for item in result.items)
    if wanted or record:
        assert result.items, "a foreign object under our name has to be shown"


def test_foreign_objects_that_have_nothing_to_do_with_us_are_not_listed() -> None:
    sftp = altered(live(ENTRY, "x", labels={}), "metadata/name", "sftp-partner")
    assert planned([ENTRY], [live(ENTRY, "u1"), sftp]).items[1:] == ()


def announced(**metadata: Any) -> KubeObject:
    """Our object in the cluster after a crash that kept its uid from being recorded."""
    return live(ENTRY, "new-uid", **metadata)


INTENT = {KEY: OwnedRecord("", content_hash(ENTRY))}


def test_a_write_that_crashed_before_its_uid_was_recorded_is_recognised() -> None:
    assert only(planned([ENTRY], [announced()], INTENT)).action is Action.UNCHANGED
    assert only(planned([], [announced()], INTENT)).action is Action.DELETE


def test_a_recreation_that_crashed_is_recognised_beside_the_old_uid() -> None:
    owned = {KEY: OwnedRecord("old-uid", content_hash(ENTRY))}
    assert only(planned([ENTRY], [announced()], owned)).action is Action.UNCHANGED


def test_labels_with_another_intent_are_foreign() -> None:
    owned = {KEY: OwnedRecord("", "0" * 64)}
    assert only(planned([ENTRY], [announced()], owned)).action is Action.FOREIGN


def test_a_claimed_hash_over_other_content_is_foreign() -> None:
    forged = altered(announced(), "spec/exportTo", ["*"])
    assert forged["metadata"]["annotations"][CONTENT_HASH_ANNOTATION] == content_hash(ENTRY)
    assert only(planned([ENTRY], [forged], INTENT)).action is Action.FOREIGN


def test_the_same_content_written_by_somebody_else_is_foreign() -> None:
    copied = live(ENTRY, "new-uid", manager="kubectl-client-side-apply")
    assert only(planned([ENTRY], [copied], INTENT)).action is Action.FOREIGN
    shared = announced()
    shared["metadata"]["managedFields"].append(managed("kubectl-client-side-apply", ENTRY["spec"]))
    assert only(planned([ENTRY], [shared], INTENT)).action is Action.FOREIGN


def test_a_status_written_by_istio_takes_nothing_away_from_us() -> None:
    found = announced()
    status = {"manager": "pilot-discovery", "subresource": "status", "fieldsV1": {"f:status": {}}}
    found["metadata"]["managedFields"].append(status)
    assert only(planned([ENTRY], [found], INTENT)).action is Action.UNCHANGED


def test_a_plan_says_what_it_does_in_one_sentence() -> None:
    owned = {key_of(RULE): OwnedRecord("u2"), key_of(SIDECAR): OwnedRecord("u3")}
    foreign = live(ORIGINATED, "x", manager="kubectl-edit")
    result = planned(
        [ENTRY, SIDECAR, ORIGINATED], [live(RULE, "u2"), live(SIDECAR, "u3"), foreign], owned
    )
    assert result.summary() == (
        "The plan creates 1 object, deletes 1 and keeps 1; 1 foreign object left alone."
    )
    assert planned([], [], {}).summary() == "The plan has nothing to do."


def test_a_diff_shows_changes_and_no_noise_of_the_server() -> None:
    found = altered(live(ENTRY, "u1"), "spec/exportTo", ["*"])
    found["metadata"]["labels"] = {**found["metadata"]["labels"], "team": "shop"}
    lines = diff(found, ENTRY).splitlines()
    assert [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")] == [
        "-  - '*'",
        "+  - .",
    ]


def test_a_diff_from_and_to_nothing_shows_the_whole_object() -> None:
    assert "+  name: eg-a-example-com-7653e4959f" in diff(None, ENTRY).splitlines()
    assert "-  name: eg-a-example-com-7653e4959f" in diff(live(ENTRY, "u1"), None).splitlines()
    for noise in ("uid", "managedFields", "resourceVersion", "status", CONTENT_HASH_ANNOTATION):
        assert noise not in diff(live(ENTRY, "u1"), None)


PORTS = st.sets(st.sampled_from([443, 8443, 9443, 10443]), max_size=4)


@settings(max_examples=150, deadline=None)
@given(PORTS, PORTS)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(
    before: set[int], after: set[int]
) -> None:
    def objects(ports: set[int]) -> list[KubeObject]:
        return render(CLUSTER, inventory(), [grant(to("a.example.com", port)) for port in ports])

    found = [live(obj, "u1") for obj in objects(before)]
    first = planned(objects(after), found)
    assert has_changes(first) == (before != after)
    stored = [live(obj, "u1") for obj in objects(after)]
    assert not has_changes(planned(objects(after), stored))


def has_changes(result: Plan) -> bool:
    """Whether anything has to be written."""
    return any(item.action is not Action.UNCHANGED for item in result.items)
