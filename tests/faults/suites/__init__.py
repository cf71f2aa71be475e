"""All suites of faults. A new one is imported and entered here, one line each."""

from importlib import import_module

from tests.faults.suite import Suite
from tests.faults.suites.api_faults import API_FAULTS
from tests.faults.suites.bell import BELL_FILES, BELL_REDIS
from tests.faults.suites.binding import BINDING
from tests.faults.suites.brake import BRAKE
from tests.faults.suites.bundles import BUNDLE_CHECKS
from tests.faults.suites.clocks import CLOCKS
from tests.faults.suites.collisions import COLLISIONS
from tests.faults.suites.crash import CRASH_POSTGRES, CRASH_SQLITE, CRASH_THREADS
from tests.faults.suites.drift import DRIFTS, IDLE
from tests.faults.suites.duplicates import DUPLICATES
from tests.faults.suites.fairness import FAIRNESS
from tests.faults.suites.foreign import FOREIGN
from tests.faults.suites.freeze import FREEZE_POSTGRES, FREEZE_SQLITE
from tests.faults.suites.half_bundles import HALF_BUNDLES
from tests.faults.suites.model import MODEL
from tests.faults.suites.model_services import MODEL_OF_SERVICES
from tests.faults.suites.outage import OUTAGE_POSTGRES, OUTAGE_SQLITE
from tests.faults.suites.posture import POSTURE
from tests.faults.suites.races import RACES_POSTGRES, RACES_SQLITE

SUITES: tuple[Suite, ...] = (
    CRASH_SQLITE,
    CRASH_POSTGRES,
    CRASH_THREADS,
    FREEZE_SQLITE,
    FREEZE_POSTGRES,
    API_FAULTS,
    HALF_BUNDLES,
    FOREIGN,
    DRIFTS,
    IDLE,
    BRAKE,
    CLOCKS,
    OUTAGE_POSTGRES,
    OUTAGE_SQLITE,
    RACES_SQLITE,
    RACES_POSTGRES,
    MODEL,
    MODEL_OF_SERVICES,
    BINDING,
    BELL_REDIS,
    BELL_FILES,
    DUPLICATES,
    COLLISIONS,
    BUNDLE_CHECKS,
    FAIRNESS,
    POSTURE,
)


def suite_named(name: str) -> Suite:
    """Return a suite by its name, or by `module:NAME` when it is not listed.

    Raises SystemExit naming all suites when there is none.
    """
    module, _, attribute = name.partition(":")
    if attribute:
        unlisted: Suite = getattr(import_module(module), attribute)
        return unlisted
    for suite in SUITES:
        if suite.name == name:
            return suite
    known = ", ".join(sorted(suite.name for suite in SUITES))
    raise SystemExit(f'There is no suite "{name}". There are: {known}.')
