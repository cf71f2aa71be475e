"""Suites whose portal is broken on purpose: they must report it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from tests.faults.suite import Run
from tests.faults.suites.crash import CrashSuite
from tests.faults.suites.freeze import FreezeSuite

Patch = tuple[str, Any]


def _claim_nothing(*_: Any, **__: Any) -> None:
    return None


def _widely(send: Callable[..., Any]) -> Callable[..., Any]:
    """Let everything that is written be visible to all namespaces."""

    def create(self: Any, obj: dict[str, Any], **more: Any) -> Any:
        if obj["kind"] == "ServiceEntry":
            obj = {**obj, "spec": {**obj["spec"], "exportTo": ["*"]}}
        return send(self, obj, **more)

    return create


def patches(bug: str) -> list[Any]:
    """Return the patches that plant a bug."""
    from egress.cluster.kube import KubeGateway

    core = "egress.services.convergence"
    bugs: dict[str, list[Any]] = {
        "forgets": [mock.patch(f"{core}.deliver.abandon_earlier", _claim_nothing)],
        "blind": [mock.patch("tests.services.world.revoke", _confirmed_at_once)],
        "open": [mock.patch.object(KubeGateway, "create", _widely(KubeGateway.create))],
        "unfenced": [
            mock.patch(f"{core}.claim.Claim.check", _claim_nothing),
            mock.patch(f"{core}.claim.Claim.require_time", _claim_nothing),
        ],
    }
    return bugs[bug]


def _confirmed_at_once(*, grant: Any, **more: Any) -> Any:
    """Confirm a revoke without looking whether anything is gone."""
    from django.utils import timezone

    from egress.models import Grant
    from egress.services.grants import revoke

    revoked = revoke(grant=grant, **more)
    Grant.objects.filter(pk=grant.pk).update(confirmed_at=timezone.now())
    return revoked


class PlantedCrash(CrashSuite):
    """A crash suite with a bug."""

    def __init__(self, attribute: str, bug: str) -> None:
        super().__init__("sqlite", 1, (1, 0))
        self.name, self._bug = f"tests.faults.planted:{attribute}", bug

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        with planted(self._bug), super().opened(folder) as run:
            yield run


class PlantedFreeze(FreezeSuite):
    """A freeze suite with a bug."""

    def __init__(self, attribute: str, bug: str) -> None:
        super().__init__("sqlite", 1)
        self.name, self._bug = f"tests.faults.planted:{attribute}", bug

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        with planted(self._bug), super().opened(folder) as run:
            yield run


@contextmanager
def planted(bug: str) -> Iterator[None]:
    """Plant a bug in this process, and shorten the wait for what never comes."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch("tests.faults.actors.LONGEST", 8.0))
        for patch in patches(bug):
            stack.enter_context(patch)
        yield


FORGETS = PlantedCrash("FORGETS", "forgets")
BLIND = PlantedCrash("BLIND", "blind")
OPEN = PlantedCrash("OPEN", "open")
UNFENCED = PlantedFreeze("UNFENCED", "unfenced")
