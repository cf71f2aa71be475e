"""The suites of decisions and grants notice a portal that breaks their promises."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from egress.domain.lifecycle import GrantStatus
from egress.domain.order import Direction, Step, write_steps
from egress.selectors import slices
from egress.services import posture as posture_service
from egress.services.convergence import closing, fitness, grants, loading
from egress.services.requests import sights
from tests.domain.order import worlds
from tests.faults.noticing import outcome_of
from tests.faults.suites import (
    binding,
    bundles,
    collisions,
    duplicates,
    model,
    model_services,
    posture,
)

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def test_the_model_passes_and_notices_that_nothing_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "BATCH", 5)
    assert outcome_of(model.MODEL, "gateway-0", tmp_path).violations == []

    def giving_only(*arguments: Any) -> Sequence[Step]:
        return [step for step in write_steps(*arguments) if step.direction is Direction.IN]

    monkeypatch.setattr(worlds, "write_steps", giving_only)
    violations = outcome_of(model.MODEL, "sidecar-1", tmp_path).violations
    assert any("opens" in one or "is open" in one for one in violations), violations


def test_the_model_notices_that_ending_one_grant_cuts_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = worlds.World.render

    def without_one(self: worlds.World, grants: Any) -> Any:
        kept = sorted(grants, key=repr)[1:] if len(grants) > 2 else grants
        return render(self, frozenset(kept))

    monkeypatch.setattr(model, "BATCH", 5)
    monkeypatch.setattr(worlds.World, "render", without_one)
    violations = outcome_of(model.MODEL, "sidecar-1", tmp_path).violations
    assert any("cuts" in one or "not open" in one for one in violations), violations


def test_the_model_of_services_notices_that_ended_grants_stay_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = frozenset(GrantStatus)
    monkeypatch.setattr(slices, "OPEN_GRANT_STATUSES", everything)
    monkeypatch.setattr(loading, "why_unfit", lambda *_: None)
    monkeypatch.setattr(closing, "activate", lambda **_: [])
    cases = model_services.MODEL_OF_SERVICES.cases()[:3]
    found = [
        outcome_of(model_services.MODEL_OF_SERVICES, case, tmp_path).violations for case in cases
    ]
    assert any("open although nothing grants it" in one for said in found for one in said), found


def test_the_binding_suite_notices_that_changed_rows_are_applied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binding, "ROUNDS", 6)
    monkeypatch.setattr(fitness, "is_bound", lambda _: True)
    violations = outcome_of(binding.BINDING, "sidecar-0", tmp_path).violations
    assert any("was changed" in one for one in violations), violations


def test_the_duplicates_suite_notices_what_is_told_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate = grants.activate

    def twice(**arguments: Any) -> Any:
        return activate(**arguments) * 2

    monkeypatch.setattr(duplicates, "GRANTS", 6)
    monkeypatch.setattr(duplicates, "REVOKED", 1)
    monkeypatch.setattr(closing, "activate", twice)
    violations = outcome_of(duplicates.DUPLICATES, "sidecar-0", tmp_path).violations
    assert any("2 audit events tell grant:activated" in one for one in violations), violations


def test_the_collisions_suite_notices_that_nobody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collisions, "ROUNDS", 3)
    monkeypatch.setattr(sights, "_findings", lambda *_: ())
    violations = outcome_of(collisions.COLLISIONS, "gateway-0", tmp_path).violations
    assert any("was not told of" in one for one in violations), violations


def test_the_bundles_suite_notices_a_last_look_that_sees_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "BUNDLES", 20)
    assert outcome_of(bundles.BUNDLE_CHECKS, "gateway-0", tmp_path).violations == []
    monkeypatch.setattr(bundles, "check_object", lambda _: [])
    violations = outcome_of(bundles.BUNDLE_CHECKS, "gateway-0", tmp_path).violations
    assert any("exported to" in one for one in violations), violations


def test_the_posture_suite_notices_a_worker_that_does_not_look_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = posture_service.look_where_due
    looks: list[int] = []

    def once(now: Any) -> int:
        if not looks:
            looks.append(look(now))
        return 0

    monkeypatch.setattr(posture_service, "look_where_due", once)
    monkeypatch.setattr(posture, "FOUND_SECONDS", 10.0)
    violations = outcome_of(posture.POSTURE, "PF2 foreign Gateway", tmp_path).violations
    assert any("was not found" in one for one in violations), violations
