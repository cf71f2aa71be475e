"""Let a worker die at a chosen moment: before or after any call to the cluster or any commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast
from unittest import mock

from django.db.transaction import Atomic

from egress.cluster.gateway import ClusterGateway
from egress.services import gateways


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Moments:
    """Counts what happens, and kills at one moment of it. `kill_at` -1 only counts."""

    def __init__(self, kill_at: int = -1) -> None:
        self.kill_at = kill_at
        self.seen: list[str] = []
        self._lock = threading.Lock()

    def pass_by(self, name: str) -> None:
        """Note a moment. Raises Killed when it is the chosen one, or comes after it.

        All threads of a process die together.
        """
        with self._lock:
            self.seen.append(name)
            is_over = 0 <= self.kill_at < len(self.seen)
        if is_over:
            raise Killed(name)


Around = Callable[[str, Callable[[], Any]], Any]
"""What happens around a call: gets its name (`create (dry run)`) and the call itself."""


class WatchedGateway:
    """A gateway with something around each of its calls."""

    def __init__(self, gateway: ClusterGateway, around: Around) -> None:
        self._gateway = gateway
        self._around = around

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._gateway, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            dry = " (dry run)" if options.get("dry_run") else ""
            return self._around(f"{name}{dry}", partial(call, *arguments, **options))

        return watched


def watched(gateway: ClusterGateway, around: Around) -> ClusterGateway:
    """Return the gateway with something around each of its calls."""
    made: Any = WatchedGateway(gateway, around)
    return cast("ClusterGateway", made)


def mortal(gateway: ClusterGateway, moments: Moments) -> ClusterGateway:
    """Return a gateway whose caller may die right before or right after each call."""

    def around(name: str, call: Callable[[], Any]) -> Any:
        moments.pass_by(f"before {name}")
        answer = call()
        moments.pass_by(f"after {name}")
        return answer

    return watched(gateway, around)


@contextmanager
def dying(moments: Moments, gateway: ClusterGateway) -> Iterator[None]:
    """Watch every call and every commit of what runs inside."""
    leave = Atomic.__exit__

    def left(block: Atomic, kind: Any, error: Any, trace: Any) -> None:
        if error is not None:
            leave(block, kind, error, trace)
            return
        try:
            moments.pass_by("before commit")
        except Killed as killed:
            leave(block, Killed, killed, killed.__traceback__)
            raise
        leave(block, None, None, None)
        moments.pass_by("after commit")

    doomed = mortal(gateway, moments)
    with (
        mock.patch.object(Atomic, "__exit__", left),
        mock.patch("egress.services.convergence.deliver.open_gateway", return_value=doomed),
    ):
        yield
    gateways.forget_gateways()
