"""Field ownership, checked with applies that nobody thought of beforehand."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from egress.sandbox.fieldset import UNOWNED, parse, render, text
from egress.sandbox.merge import fields_of
from egress.sandbox.schema import schema_of
from tests.sandbox.calling import (
    ENTRIES,
    MERGE,
    Call,
    an_api,
    apply,
    entry,
    in_process,
)

NODE = schema_of("networking.istio.io", "ServiceEntry")
PORTS = st.lists(
    st.sampled_from([80, 443, 5432, 8443]).map(
        lambda n: {"number": n, "name": f"tcp-{n}", "protocol": "TCP"}
    ),
    unique_by=lambda port: port["number"],
    max_size=4,
)
LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3)
WHO = st.sampled_from(["egress-portal", "tenant", "third"])


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    config = entry("one", hosts=draw(st.sampled_from([["a.example.com"], ["b.example.com"]])))
    config["metadata"]["labels"] = draw(LABELS)
    config["spec"]["ports"] = draw(PORTS)
    if draw(st.booleans()):
        config["spec"]["exportTo"] = ["."]
    if draw(st.booleans()):
        del config["spec"]["location"]
    return config


def owned(call: Call, manager: str, operation: str = "Apply") -> frozenset[tuple[str, ...]]:
    body = call("GET", f"{ENTRIES}/one").body
    for claim in body["metadata"].get("managedFields", []):
        if (claim["manager"], claim["operation"], "subresource" in claim) == (
            manager,
            operation,
            False,
        ):
            return parse(claim["fieldsV1"])
    return frozenset()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WHO, configurations()), min_size=1, max_size=5))
def test_an_apply_sent_twice_changes_nothing_the_second_time(
    writes: list[tuple[str, dict[str, Any]]],
) -> None:
    call = in_process(an_api())
    for manager, config in writes:
        assert apply(call, config, manager, force=True).status in (200, 201)
        first = call("GET", f"{ENTRIES}/one").body
        again = apply(call, config, manager)
        assert again.status == 200, again.body
        assert call("GET", f"{ENTRIES}/one").body == first


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WHO, configurations()), min_size=1, max_size=5))
def test_a_forced_applier_owns_exactly_what_it_applied_and_gets_it(
    writes: list[tuple[str, dict[str, Any]]],
) -> None:
    call = in_process(an_api())
    for manager, config in writes:
        apply(call, config, manager, force=True)
        wanted = fields_of(NODE, config) - UNOWNED - {("f:metadata", "f:labels")}
        assert owned(call, manager) == wanted
        spec = call("GET", f"{ENTRIES}/one").body["spec"]
        assert {k: spec[k] for k in config["spec"] if k != "ports"} == {
            k: v for k, v in config["spec"].items() if k != "ports"
        }
        found = {port["name"]: port for port in spec.get("ports", [])}
        assert all(found[port["name"]] == port for port in config["spec"]["ports"])


@settings(max_examples=60, deadline=None)
@given(configurations(), configurations())
def test_a_sole_applier_leaves_nothing_of_its_earlier_configuration(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    one, other = in_process(an_api()), in_process(an_api())
    apply(one, first)
    apply(one, second)
    apply(other, second)
    left, fresh = one("GET", f"{ENTRIES}/one").body, other("GET", f"{ENTRIES}/one").body
    assert left["spec"].get("ports", []) == fresh["spec"].get("ports", [])
    for body in (left, fresh):
        body["spec"].pop("ports", None)
    assert left["spec"] == fresh["spec"]
    assert left["metadata"].get("labels", {}) == fresh["metadata"].get("labels", {})


@settings(max_examples=60, deadline=None)
@given(configurations())
def test_fieldsets_survive_being_written_and_read(config: dict[str, Any]) -> None:
    fields = fields_of(NODE, config)
    assert parse(render(fields)) == fields


def test_labels_that_are_empty_count_as_none(call: Call) -> None:
    config = entry()
    config["metadata"]["labels"] = {"a": "b"}
    apply(call, config)
    config["metadata"]["labels"] = {}
    assert "labels" not in apply(call, config).body["metadata"]


def test_a_field_that_two_own_stays_until_both_let_it_go(call: Call) -> None:
    apply(call, entry(exportTo=["."]))
    apply(call, entry(exportTo=["."]), "tenant")
    assert apply(call, entry()).body["spec"]["exportTo"] == ["."]
    assert "exportTo" not in apply(call, entry(), "tenant").body["spec"]


def test_a_conflict_names_each_owner_and_field(call: Call) -> None:
    apply(call, entry(exportTo=["."]), "tenant")
    refused = apply(call, entry(hosts=["c.example.com"], exportTo=["*"], resolution="NONE"))
    assert refused.status == 409
    fields = [cause["field"] for cause in refused.body["details"]["causes"]]
    assert fields == [".spec.exportTo", ".spec.hosts", ".spec.resolution"]
    assert refused.body["message"].startswith('Apply failed with 3 conflicts: conflicts with "tena')


def test_a_conflict_inside_a_list_with_keys_names_the_item(call: Call) -> None:
    apply(call, entry(), "tenant")
    port = {"number": 444, "name": "tls-443", "protocol": "TLS"}
    refused = apply(call, entry(ports=[port]))
    assert refused.body["details"]["causes"][0]["field"] == '.spec.ports[name="tls-443"].number'


def test_an_edit_takes_the_field_and_force_takes_it_back(call: Call) -> None:
    apply(call, entry())
    edit = {"spec": {"resolution": "NONE"}}
    call("PATCH", f"{ENTRIES}/one?fieldManager=somebody", edit, MERGE)
    field = ("f:spec", "f:resolution")
    assert field in owned(call, "somebody", "Update")
    assert field not in owned(call, "egress-portal")
    assert apply(call, entry()).status == 409
    assert apply(call, entry(), force=True).body["spec"]["resolution"] == "DNS"
    assert owned(call, "somebody", "Update") == frozenset()


def test_fields_of_other_managers_survive_an_apply(call: Call) -> None:
    apply(call, entry())
    noted = {"metadata": {"annotations": {"note": "mine"}}}
    call("PATCH", f"{ENTRIES}/one?fieldManager=somebody", noted, MERGE)
    applied = apply(call, entry(exportTo=["."]))
    assert applied.body["metadata"]["annotations"] == {"note": "mine"}


def test_a_removed_port_of_somebody_else_stays(call: Call) -> None:
    apply(call, entry())
    extra = {"number": 80, "name": "http", "protocol": "HTTP"}
    both = [*entry()["spec"]["ports"], extra]
    call("PATCH", f"{ENTRIES}/one?fieldManager=somebody", {"spec": {"ports": both}}, MERGE)
    left = apply(call, entry(ports=[]), force=True)
    assert left.body["spec"]["ports"] == [extra]


def test_more_than_ten_editors_are_folded_together(call: Call) -> None:
    call("POST", ENTRIES, entry())
    for number in range(14):
        patch = {"metadata": {"annotations": {f"n{number}": "x"}}}
        reply = call("PATCH", f"{ENTRIES}/one?fieldManager=m{number}", patch, MERGE)
    updaters = [name for name, operation, _ in reply.managers if operation == "Update"]
    assert len(updaters) == 10
    assert "ancient-changes" in updaters


def test_paths_are_written_as_messages_show_them() -> None:
    path = ("f:spec", 'k:{"port":5432,"protocol":"TCP"}', "f:name")
    assert text(path) == '.spec[port=5432,protocol="TCP"].name'
    assert text(("f:finalizers", 'v:"a"')) == '.finalizers[="a"]'
