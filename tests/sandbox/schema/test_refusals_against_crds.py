"""We refuse what the CRDs refuse, and accept what they accept, judged by their own schema and CEL.

Two texts may tell more than this: the rule about a changed GatewayClass needs two objects
(`test_schema.py`), and the evaluator reads some odd durations and URLs more kindly than the
server does (`test_formats.py`, `test_weburl.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.sandbox.schema import (
    KINDS,
    prune,
    schema_of,
    structural_error,
    validate,
    with_defaults,
)
from tests.tries import tries

from .corruption import Damage, Path, damages, visit
from .crds import Schema, crd_schemas
from .judge import NOT_FOR_ONE_OBJECT, Judge, Verdict
from .samples import samples
from .valid_objects import random_object
from .violations import STATUS_VIOLATIONS, VIOLATIONS, Case

pytestmark = pytest.mark.crds
Name = tuple[str, str]
Object = dict[str, Any]
CUSTOM = [name for name, node in KINDS.items() if node.root is not None and node.root.custom]


def our_complaints(name: Name, obj: Object) -> list[str]:
    """Return everything we have to say against an object."""
    node = schema_of(*name)
    known, warnings = prune(node, obj)
    parsed = structural_error(node, obj)
    causes = validate(node, with_defaults(node, known))
    return [*warnings, *([parsed] if parsed else []), *(cause.message for cause in causes)]


@cache
def judge_of(name: Name) -> Judge:
    return Judge(crd_schemas()[name])


@cache
def judged(name: Name) -> list[tuple[Damage, Verdict]]:
    """Return every damage of a kind with what its CRD says."""
    judge, schema = judge_of(name), crd_schemas()[name]
    return [(damage, judge.judge(damage.obj)) for damage in damages(schema, samples()[name])]


def whole(name: Name, **parts: Any) -> Object:
    meta = {"name": "a"} if name[1] == "GatewayClass" else {"name": "a", "namespace": "b"}
    return {"apiVersion": f"{name[0]}/v1", "kind": name[1], "metadata": meta, **parts}


def schema_places(schema: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, Schema]]:
    yield path, schema
    for field, child in schema.get("properties", {}).items():
        yield from schema_places(child, (*path, field))
    for word in ("items", "additionalProperties"):
        if word in schema:
            yield from schema_places(schema[word], (*path, "*"))


def place_of(schema: Schema, path: Path) -> tuple[str, ...]:
    """Return the place in the schema of a value in an object."""
    place: tuple[str, ...] = ()
    for step in path:
        known = schema.get("properties", {})
        if step in known:
            schema, place = known[step], (*place, str(step))
        else:
            schema = schema.get("items") or schema.get("additionalProperties") or {}
            place = (*place, "*")
    return place


@pytest.mark.parametrize("name", CUSTOM)
def test_the_samples_are_accepted_by_the_crd_and_by_us(name: Name) -> None:
    for obj in samples()[name]:
        assert not judge_of(name).judge(obj).refused, obj["metadata"]
        assert our_complaints(name, obj) == []


@pytest.mark.parametrize("name", CUSTOM)
def test_the_samples_use_every_field_of_the_kind(name: Name) -> None:
    own = judge_of(name).schema
    used = {place_of(own, path) for obj in samples()[name] for path, _, _ in visit(own, obj, ())}
    wanted = {place for place, _ in schema_places(own) if place[:1] != ("status",)}
    assert wanted - used == set()


@pytest.mark.parametrize("name", CUSTOM)
def test_each_damage_is_refused_exactly_when_the_crd_refuses_it(name: Name) -> None:
    refused = 0
    for damage, theirs in judged(name):
        ours = our_complaints(name, damage.obj)
        refused += theirs.refused
        where = f"{damage.what} at {damage.path}"
        assert theirs.refused == bool(ours), f"{where}: CRD says {theirs}, we say {ours}"
        for _, message in theirs.broken_rules:
            assert any(message in said for said in ours), f"{where}: {message!r} not in {ours}"
    assert refused > 50


@pytest.mark.parametrize(("name", "message", "spec"), VIOLATIONS)
def test_a_spec_that_breaks_a_rule_is_refused_with_its_message(
    name: Name, message: str, spec: Object
) -> None:
    expect_violation(name, message, whole(name, spec=spec))


@pytest.mark.parametrize(("name", "message", "status"), STATUS_VIOLATIONS)
def test_a_status_that_breaks_a_rule_is_refused_with_its_message(
    name: Name, message: str, status: Object
) -> None:
    spec = samples()[name][-1]["spec"]
    expect_violation(name, message, whole(name, spec=spec, status=status))


def expect_violation(name: Name, message: str, obj: Object) -> None:
    theirs = judge_of(name).judge(obj)
    # A key that comes twice in a list is refused before any rule is looked at.
    assert theirs.refused_by_schema or message in [said for _, said in theirs.broken_rules]
    assert any(message in said for said in our_complaints(name, obj))


def broken_somewhere(name: Name) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each (place, rule) that a damage or a violation breaks, as the CRD judges it."""
    judge = judge_of(name)
    cases: list[Case] = [case for case in VIOLATIONS if case[0] == name]
    objects = [whole(name, spec=spec) for _, _, spec in cases]
    spec = samples()[name][-1].get("spec", {})
    objects += [
        whole(name, spec=spec, status=status)
        for kind, _, status in STATUS_VIOLATIONS
        if kind == name
    ]
    verdicts = [verdict for _, verdict in judged(name)]
    for verdict in [*verdicts, *(judge.judge(obj) for obj in objects)]:
        for path, message in verdict.broken_rules:
            yield place_of(judge.schema, path), message


# Key fields of map lists come twice only in lists that are refused before rules are looked at.
HIDDEN = {
    "Listener name must be unique within the Gateway",
    "Port for TLS configuration must be unique within the Gateway",
}


@pytest.mark.parametrize("name", CUSTOM)
def test_every_rule_of_the_crd_is_broken_by_some_object(name: Name) -> None:
    wanted = {
        (place, rule["message"])
        for place, part in schema_places(judge_of(name).schema)
        for rule in part.get("x-kubernetes-validations", ())
        if NOT_FOR_ONE_OBJECT not in rule["rule"] and rule["message"] not in HIDDEN
    }
    assert wanted - set(broken_somewhere(name)) == set()


@pytest.mark.parametrize("name", CUSTOM)
@settings(max_examples=tries(30, of=60), deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**32))
def test_random_objects_are_refused_exactly_when_the_crd_refuses_them(
    name: Name, seed: int
) -> None:
    obj = random_object(*name, crd_schemas()[name], Random(seed))
    theirs, ours = judge_of(name).judge(obj), our_complaints(name, obj)
    assert theirs.refused == bool(ours), (obj, theirs, ours)
