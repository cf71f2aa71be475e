"""The sandbox in a process of its own, told by its standard input what to do.

Each line is a command: `latency SECONDS` from now on, `count` answers the requests since the last
`count`, by verb. It ends with its input. The first line that it prints says where it answers.
"""

import json
import sys
import threading
from collections import Counter
from pathlib import Path

from egress.sandbox.api import SandboxApi
from egress.sandbox.bootstrap import install
from egress.sandbox.controllers import BACKGROUND
from egress.sandbox.faults import Fault
from egress.sandbox.messages import Request
from egress.sandbox.server import SandboxServer
from egress.sandbox.store import Store
from egress.sandbox.users import ADMIN, PORTAL, User, Users
from tests.benchmarks.known import TOKENS, WRITES


class _Trusting(Users):
    """Takes whoever shows no token for the admin: kubectl sends none without TLS."""

    def authenticate(self, authorization: str) -> User:
        """Return who calls."""
        return super().authenticate(authorization) if authorization else ADMIN


class Counted:
    """Counts requests as the server sees them; never a fault."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Fault | None:
        """Take note of a request."""
        query = request.query if isinstance(request.query, str) else ""
        is_trial = "dryRun=All" in query or "review" in request.path
        kind = "trial" if request.method in WRITES and is_trial else request.method
        with self._lock:
            self._seen[kind] += 1
        return None

    def taken(self) -> dict[str, int]:
        """Return what was counted, and begin anew."""
        with self._lock:
            seen, self._seen = self._seen, Counter()
        return dict(seen)


def main() -> int:
    """Answer until the standard input ends."""
    state = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    store = Store(state)
    with store.all_or_nothing():
        install(store)
    users = _Trusting({TOKENS["admin"]: ADMIN, TOKENS["portal"]: PORTAL})
    api = SandboxApi(store, users, controllers=BACKGROUND)
    api.settle()
    counted = Counted()
    with SandboxServer(api, "127.0.0.1", 0) as server:
        server.faults = counted
        server.start()
        print(server.url, flush=True)
        for line in sys.stdin:
            command, _, value = line.strip().partition(" ")
            if command == "latency":
                server.latency = float(value)
                print("{}", flush=True)
            elif command == "count":
                print(json.dumps(counted.taken()), flush=True)
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
