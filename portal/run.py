"""`make run`: the whole portal on one machine, from an empty folder to a printed address.

Starts the sandbox cluster, the web server, a worker and beat as child processes on embedded
defaults, and stops them all on Ctrl-C. Data stays in `var/`, so it can be run again.
"""

import ctypes
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
ALLOCATOR = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""Keeps glibc from holding what a hundred threads once needed; the image has the same."""
_PR_SET_PDEATHSIG = 1


class CannotStartError(Exception):
    """The portal cannot be started; the message says why and what to do."""


def free_port(wanted: int, name: str) -> int:
    """Return `wanted`, or the next free port, saying so."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port != wanted:
            print(f"Port {wanted} for the {name} is taken: using {port}.", flush=True)
        return port
    raise CannotStartError(f"No free port for the {name} from {wanted} to {wanted + 49}.")


def only_one(var: Path) -> int:
    """Hold this folder's lock until the process ends, and return its file descriptor."""
    lock = os.open(var / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CannotStartError(
            f"A portal is already running on '{var}'. Stop it, or name another folder with"
            " EGRESS_VAR_DIR=/another/folder make run."
        ) from error
    return lock


def keys(var: Path) -> dict[str, str]:
    """Return this folder's own keys, made at the first start and readable by the owner only."""
    path = var / "keys.json"
    if not path.exists():
        made = {
            "EGRESS_SECRET_KEY": secrets.token_urlsafe(50),
            "EGRESS_CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        }
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(made, file)
    stored: dict[str, str] = json.loads(path.read_text())
    return stored


def environment(var: Path, web_port: int) -> dict[str, str]:
    """Return the environment of the children: what is set outside wins over the defaults."""
    embedded = {
        "EGRESS_VAR_DIR": str(var),
        "EGRESS_DEMO": "yes",
        "EGRESS_PUBLIC_URL": f"http://127.0.0.1:{web_port}",
        "EGRESS_LOG_LEVEL": "WARNING",
        "EGRESS_MAIL_URL": f"file://{var / 'mail'}",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONUNBUFFERED": "1",
        **ALLOCATOR,
        **keys(var),
    }
    return {**embedded, **os.environ}


class Processes:
    """The children, each in a process group of its own so that none outlives the parent."""

    def __init__(self, env: Mapping[str, str], logs: Path) -> None:
        self._env = dict(env)
        self._logs = logs
        self._running: dict[str, tuple[Sequence[str], subprocess.Popen[bytes]]] = {}

    def once(self, *arguments: str) -> None:
        """Run a management command to its end. Raises CannotStartError when it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStartError(f"manage.py {arguments[0]} failed:\n{done.stdout}{done.stderr}")

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child whose output goes to a log file of its own."""
        with (self._logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(_end_with, os.getpid()),
            )
        self._running[name] = (command, child)

    def revive(self) -> None:
        """Start children again that ended by themselves."""
        for name, (command, child) in list(self._running.items()):
            if child.poll() is not None:
                print(f"The {name} ended ({child.returncode}) and is started again.", flush=True)
                self.start(name, command)

    def ended(self, name: str) -> bool:
        """Tell whether a child is no longer running."""
        return self._running[name][1].poll() is not None

    def stop(self) -> None:
        """Ask all children to end, wait, then insist. A second Ctrl-C does not hurry it."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        children = [child for _, child in reversed(self._running.values())]
        for child in children:
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + 10
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(child, signal.SIGKILL)
                child.wait()


def _end_with(parent: int) -> None:
    """In a child: have it end when its parent was killed and cannot stop it (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def wait_for(url: str, name: str, processes: Processes, logs: Path) -> None:
    """Wait until `url` answers 200. Raises CannotStartError when the process ends or hangs."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (own address)
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            if processes.ended(name):
                break
        time.sleep(0.2)
    raise CannotStartError(f"The {name} did not start: see {logs / f'{name}.log'}.")


def commands(web_port: int, sandbox_port: int, var: Path) -> dict[str, list[str]]:
    """Return the command line of each child by name."""
    python = sys.executable
    return {
        "sandbox": [
            *[python, "-m", "egress.sandbox", "--host", "127.0.0.1", "--port", str(sandbox_port)],
            *["--state", str(var / "sandbox.sqlite3"), "--seed", "demo"],
            *["--kubeconfig-dir", str(var)],
        ],
        "web": [
            *[python, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{web_port}"],
            *["--worker-class", "gthread", "--workers", "1", "--threads", "8"],
            *["--worker-tmp-dir", str(var), "--no-control-socket"],
        ],
        "worker": [
            *[python, "-m", "celery", "-A", "portal", "worker", "--pool", "threads"],
            *["--concurrency", "4", "--loglevel", "WARNING"],
            *["--without-gossip", "--without-mingle"],
        ],
        "beat": [
            *[python, "-m", "celery", "-A", "portal", "beat", "--loglevel", "WARNING"],
            *["--schedule", str(var / "beat"), "--pidfile", ""],
        ],
    }


def start(var: Path) -> tuple[Processes, str]:
    """Bring everything up and return the children and the portal's address."""
    web_port = free_port(int(os.environ.get("EGRESS_PORT", "8000")), "portal")
    sandbox_port = free_port(int(os.environ.get("EGRESS_SANDBOX_PORT", "8901")), "sandbox")
    logs = var / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    processes = Processes(environment(var, web_port), logs)
    lines = commands(web_port, sandbox_port, var)
    try:
        print("Preparing the database and the sandbox cluster ...", flush=True)
        processes.start("sandbox", lines["sandbox"])
        processes.once("migrate", "--no-input", "--verbosity", "0")
        processes.once("collectstatic", "--no-input", "--verbosity", "0")
        wait_for(f"http://127.0.0.1:{sandbox_port}/healthz", "sandbox", processes, logs)
        own, operator = (str(var / f"sandbox-{who}.kubeconfig") for who in ("portal", "admin"))
        processes.once("seed_demo", "--kubeconfig", own, "--operator-kubeconfig", operator)
        for name in ("web", "worker", "beat"):
            processes.start(name, lines[name])
        address = f"http://127.0.0.1:{web_port}"
        wait_for(f"{address}/healthz/", "web", processes, logs)
    except BaseException:
        processes.stop()
        raise
    return processes, address


def greet(address: str, var: Path) -> None:
    """Print where the portal is and who can sign in."""
    people = [
        ("dana", "developer of team-shop and team-data"),
        ("pavel", "developer of team-payments"),
        ("alice", "approver, everywhere"),
        ("bob", "approver for the namespace payments"),
        ("adam", "admin"),
        ("olga", "auditor"),
    ]
    print(f"\nEgress Portal is running: {address}\n")
    print("Sign in as (the password of NAME is demo-NAME):")
    for name, role in people:
        print(f"  {name:<7} {role}")
    kubeconfig = var / "sandbox-admin.kubeconfig"
    print(f"\nThe sandbox cluster: kubectl --kubeconfig {kubeconfig} get serviceentries -A")
    print(f"Mails: {var}/mail    Logs: {var}/logs    Stop: Ctrl-C\n", flush=True)


def main() -> int:
    """Run until interrupted. Returns the exit code."""
    var = Path(os.environ.get("EGRESS_VAR_DIR", ROOT / "var")).resolve()
    # Started in the background of a script, a process begins with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        var.mkdir(parents=True, exist_ok=True)
        only_one(var)
        processes, address = start(var)
    except CannotStartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    greet(address, var)
    try:
        while True:
            time.sleep(2)
            processes.revive()
    except KeyboardInterrupt:
        print("Stopping ...", flush=True)
    finally:
        processes.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
