"""One measurement in a process of its own: `python -m tests.benchmarks.child NAME OPTIONS`.

Each begins with an empty database and an unused memory, and what it leaves behind ends with it.
The last line that it prints is its result.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.benchmarks.grounds import ROOT
from tests.benchmarks.known import ending_with_us
from tests.benchmarks.rows import Options, Row

MARK = "RESULT "


def measured(name: str, options: Options, **more: str) -> list[Row]:
    """Run the measurement `name` in a process of its own and return its rows.

    `more` are settings of the portal by the names of their environment variables. Raises
    RuntimeError with the last lines of the process when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="egress-bench-") as folder:
        given = replace(options, folder=folder)
        with _database(options.database) as database:
            result = run("tests.benchmarks.child", name, given, {**database, **more})
    return [Row(**row) for row in result]


def run(module: str, name: str, options: Options, settings: dict[str, str]) -> Any:
    """Run a module in a process with its own portal and return what it answers."""
    command = [sys.executable, "-m", module, name, json.dumps(asdict(options))]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(Path(options.folder), settings),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=ending_with_us(),
    ) as child:
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            if line.startswith(MARK):
                answer = json.loads(line.removeprefix(MARK))
            else:
                print(line, end="", file=sys.stderr, flush=True)
            lines.append(line)
    if child.returncode:
        raise RuntimeError(f'"{name}" ended with {child.returncode}: {"".join(lines[-3:])}')
    return answer


def environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    """Return the environment of a portal on `folder`, without what is set outside."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("EGRESS_")}
    kept = {name: os.environ[name] for name in ("EGRESS_CRDS",) if name in os.environ}
    return {
        **outside,
        **kept,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "EGRESS_VAR_DIR": str(folder),
        "EGRESS_DEMO": "yes",
        "EGRESS_LOG_LEVEL": "ERROR",
        "EGRESS_SECRET_KEY": secrets.token_urlsafe(50),
        "EGRESS_CREDENTIAL_KEYS": _key(folder),
        # On a cluster that a portal serves already, its objects are none of ours.
        "EGRESS_INSTALLATION": f"bench-{secrets.token_hex(4)}",
        **settings,
    }


def _key(folder: Path) -> str:
    """Return the key of a folder, the same for every process on it."""
    from cryptography.fernet import Fernet

    path = folder / "credential.key"
    if not path.exists():
        path.write_bytes(Fernet.generate_key())
    return path.read_text()


@contextmanager
def _database(kind: str) -> Iterator[dict[str, str]]:
    if kind == "sqlite":
        yield {}
        return
    from tests.servers import postgres_server

    with postgres_server() as url:
        yield {"EGRESS_DATABASE_URL": url}


def answer(value: object) -> None:
    """Give the result of this process to the one that waits for it."""
    print(f"{MARK}{json.dumps(value)}", flush=True)


def prepared() -> Options:
    """Set up Django with its tables and return the options of this process."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    return Options.of(json.loads(sys.argv[2]))


def main() -> int:
    """Measure."""
    options = prepared()
    found: list[Row] = import_module(f"tests.benchmarks.{sys.argv[1]}").measure(options)
    answer([row.as_json() for row in found])
    return 0


if __name__ == "__main__":
    sys.exit(main())
