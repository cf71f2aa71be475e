"""A hash that fits says that a comparison would find nothing; any other says nothing."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress.domain.fingerprint import claimed_hash, fingerprint
from egress.domain.objects import KubeObject, key_of
from egress.domain.plan import Action, OwnedRecord, plan
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, live, to

OBJECTS = render(
    CLUSTER,
    inventory(),
    [grant(to("a.example.com")), grant(to("a.example.com", 8443)), grant(to("b.example.com"))],
)


def action(desired: KubeObject, found: KubeObject) -> Action:
    """Return what comparing the two field by field comes to, for an object known by its uid."""
    owned = {key_of(desired): OwnedRecord("u1")}
    made = plan([desired], [found], owned, installation=CLUSTER.installation)
    return made.items[0].action


@pytest.mark.parametrize("desired", OBJECTS)
def test_what_was_written_has_the_hash_of_what_was_wanted(desired: KubeObject) -> None:
    found = live(desired, "u1")
    assert fingerprint(found) == claimed_hash(desired) != ""
    assert action(desired, found) is Action.UNCHANGED


PATHS = ("labels", "annotations", "hosts", "exportTo", "ports", "location", "resolution", "added")
VALUES = st.sampled_from(
    [
        "*",
        ".",
        "",
        None,
        443,
        443.0,
        True,
        [],
        ["*"],
        ["."],
        {},
        {"number": 1},
        float("nan"),
        "\ud800",
    ]
)


def _edit(obj: KubeObject, where: str, how: str, value: Any) -> None:
    holder = obj["metadata"] if where in ("labels", "annotations") else obj["spec"]
    there = holder.get(where)
    if how == "drop":
        holder.pop(where, None)
    elif how == "within" and isinstance(there, dict) and there:
        there[sorted(there)[0]] = value
    elif how == "beside" and isinstance(there, dict):
        there["egress-portal.io/base" if value else "team/note"] = "x"
    elif how == "reverse" and isinstance(there, list):
        there.reverse()
    elif how == "item" and isinstance(there, list) and there and isinstance(there[0], dict):
        there[0][sorted(there[0])[-1]] = value
    elif how == "float" and isinstance(there, list) and there and isinstance(there[0], dict):
        there[0]["number"] = float(there[0].get("number", 1))
    else:
        holder[where] = value


EDITS = st.tuples(
    st.sampled_from(PATHS),
    st.sampled_from(["set", "drop", "within", "beside", "reverse", "item", "float"]),
    VALUES,
)


@given(st.sampled_from(OBJECTS), st.lists(EDITS, min_size=1, max_size=3))
def test_no_edit_that_a_comparison_finds_is_missed(
    desired: KubeObject, edits: list[tuple[str, str, Any]]
) -> None:
    found = copy.deepcopy(live(desired, "u1"))
    for where, how, value in edits:
        _edit(found, where, how, copy.deepcopy(value))
    if fingerprint(found) == claimed_hash(desired):
        assert action(desired, found) is Action.UNCHANGED


def test_what_came_back_from_a_server_in_another_order_still_fits() -> None:
    desired = OBJECTS[0]
    found = json.loads(json.dumps(live(desired, "u1"), sort_keys=True))
    assert fingerprint(found) == claimed_hash(desired)


@pytest.mark.parametrize("annotations", [None, {}, {"egress-portal.io/content-hash": "0" * 64}])
def test_a_hash_that_is_absent_or_wrong_fits_nothing(annotations: Any) -> None:
    found = live(OBJECTS[0], "u1")
    found["metadata"]["annotations"] = annotations
    assert fingerprint(found) == ""
