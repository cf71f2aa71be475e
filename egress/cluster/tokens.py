"""Where the bearer token of a call comes from, and when it is fetched anew."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from egress.cluster.credentials import Credentials, ExecPlugin
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.keymaterial import check_token

FILE_LIFETIME = 60.0
"""Seconds after which a mounted token is read again (Kubernetes rotates it at 80 % of an hour)."""
EXEC_LIFETIME = 600.0
"""Seconds for which a program's token is used when it names no expiry."""
EXEC_TIMEOUT = 20.0
"""Seconds a log-in program may take."""

Fetched = tuple[str, float]
"""A token and for how many seconds it may be used."""


class TokenSource:
    """Hands out the token of some credentials and remembers it for as long as it is good."""

    def __init__(
        self, credentials: Credentials, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._fresh_until = float("-inf")

    def __repr__(self) -> str:
        return f"TokenSource({self._credentials.method!r})"

    def token(self) -> str:
        """Return the bearer token, empty when the credentials have none.

        Raises ClusterError(CREDENTIALS) when it cannot be had.
        """
        with self._lock:
            if self._clock() >= self._fresh_until:
                self._token, lifetime = self._fetch()
                self._fresh_until = self._clock() + lifetime
            return self._token

    def _fetch(self) -> Fetched:
        if self._credentials.token_file:
            return _read_token_file(self._credentials.token_file), FILE_LIFETIME
        if self._credentials.exec_plugin is not None:
            return _run_plugin(self._credentials.exec_plugin)
        return self._credentials.token, float("inf")


def _read_token_file(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            token = check_token(file.read(16 * 1024).strip())
    except (OSError, ValueError):
        token = ""
    if not token:
        raise ClusterError(
            f'The token file "{path}" is empty or cannot be read.', Fault.CREDENTIALS, True
        )
    return token


def _run_plugin(plugin: ExecPlugin) -> Fetched:
    """Run a log-in program with a bare environment: the portal's own holds its secrets."""
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {}}
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= dict(plugin.environment)
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(info)
    try:
        done = subprocess.run(  # noqa: S603 - an operator allowed it (EGRESS kubeconfig settings)
            [plugin.command, *plugin.arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=EXEC_TIMEOUT,
            check=True,
        )
        status = json.loads(done.stdout)["status"]
        token, expiry = check_token(str(status["token"])), status.get("expirationTimestamp")
        lifetime = EXEC_LIFETIME if not expiry else _seconds_until(str(expiry))
    except (OSError, ValueError, LookupError, TypeError, subprocess.SubprocessError):
        raise ClusterError(
            f'The log-in program "{plugin.command[:60]}" gave no token. Run it by hand to see why.',
            Fault.CREDENTIALS,
            True,
        ) from None
    return token, lifetime


def _seconds_until(timestamp: str) -> float:
    moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    return max(1.0, (moment - datetime.now(UTC)).total_seconds() - 60.0)
