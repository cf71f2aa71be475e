"""Several people doing things at the same moment, each on a connection of their own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from egress.services.errors import ServiceError


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all `acts` behind one barrier; return what each returned, or the refusal it met.

    Any other exception is raised here.
    """
    barrier = threading.Barrier(len(acts), timeout=30)

    def run(act: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            return act()
        except ServiceError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(60) for future in [pool.submit(run, act) for act in acts]]


def winners(results: Sequence[object]) -> list[object]:
    """Return the results that are no refusals."""
    return [result for result in results if not isinstance(result, ServiceError)]
