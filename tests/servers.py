"""Real servers for tests, started from the machine's own packages and thrown away afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOW_TO_GET = {
    "PostgreSQL": "apt-get install postgresql, or EGRESS_TEST_POSTGRES_URL=postgresql://...",
    "Redis": "apt-get install redis-server",
    "chromium": "apt-get install chromium-headless-shell, or chromium",
    "kubectl": "apt-get install kubernetes-client",
}


def postgres_binaries() -> Path | None:
    """Return the folder with the newest `postgres` and `initdb`, None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major, reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def _major(path: Path) -> float:
    return float(path.parts[-3]) if path.parts[-3].replace(".", "").isdigit() else 0.0


def redis_binary() -> str | None:
    """Return the path of `redis-server`, None when it is absent."""
    return shutil.which("redis-server")


def chromium_binary() -> str | None:
    """Return the path of the distribution's chromium, None when it is absent.

    The one without a frame of its own draws the same pages, and no window around each.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    return next((path for name in names if (path := shutil.which(name))), None)


def free_port() -> int:
    """Return a port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, check: object, seconds: float = 30.0, every: float = 0.05) -> None:
    """Call `check` until it returns something true. Raises AssertionError after `seconds`."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():  # type: ignore[operator]
            return
        pause.wait(every)
    raise AssertionError(f"Not within {seconds} s: {what}")


def listens(port: int) -> bool:
    """Tell whether something accepts connections on a local port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server with an empty database.

    PostgreSQL refuses to run as root, so root starts it as the user `postgres`.
    """
    given = os.environ.get("EGRESS_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    binaries = postgres_binaries()
    if binaries is None:
        raise FileNotFoundError(HOW_TO_GET["PostgreSQL"])
    with tempfile.TemporaryDirectory(prefix="egress-postgres-") as folder:
        as_user: dict[str, object] = {}
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            as_user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data, port = Path(folder, "data"), free_port()
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "egress", "-A", "trust", "-E", "UTF8"],
            check=True,
            capture_output=True,
            cwd=folder,
            **as_user,  # type: ignore[call-overload]
        )
        command = [binaries / "postgres", "-D", data, "-p", str(port), "-k", folder]
        settings = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=200"]
        command += [word for setting in settings for word in ("-c", setting)]
        with open(os.devnull, "wb") as nowhere:
            server = subprocess.Popen(
                command,
                stdout=nowhere,
                stderr=nowhere,
                cwd=folder,
                **as_user,  # type: ignore[call-overload]
            )
        try:
            url = f"postgresql://egress@127.0.0.1:{port}/postgres"
            wait_until("PostgreSQL answers", lambda: _answers(binaries, port))
            yield url
        finally:
            server.terminate()
            server.wait(30)


def _answers(binaries: Path, port: int) -> bool:
    ready = subprocess.run(
        [binaries / "pg_isready", "-h", "127.0.0.1", "-p", str(port)],
        capture_output=True,
        check=False,
    )
    return ready.returncode == 0


@contextmanager
def redis_server(port: int | None = None) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Yield the URL and the process of a Redis server without persistence."""
    binary = redis_binary()
    if binary is None:
        raise FileNotFoundError(HOW_TO_GET["Redis"])
    port = port or free_port()
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),
    )
    try:
        wait_until("Redis answers", lambda: listens(port))
        yield f"redis://127.0.0.1:{port}/0", server
    finally:
        server.kill()
        server.wait(30)
