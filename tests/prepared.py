"""What many tests begin with, made once in each run: a migrated database, and the static files.

`tests.lanes` names the folder that all processes of a run share; a process on its own makes one.
"""

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = "EGRESS_TEST_SHARED"


def database(path: Path) -> None:
    """Put a migrated SQLite database without any rows of the company at `path`."""
    shutil.copy(_made_once("portal.sqlite3", _migrate), path)


def static_files(folder: Path) -> None:
    """Put the collected static files into `folder`, which must not be there yet."""
    shutil.copytree(_made_once("static", _collect), folder, copy_function=os.link)


@cache
def _folder() -> Path:
    """Return the folder of this run."""
    if shared := os.environ.get(SHARED):
        return Path(shared)
    own = tempfile.mkdtemp(prefix="egress-prepared-")
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return Path(own)


def _made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return what `make` made for whichever process of this run came first."""
    made = _folder() / name
    with (_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=_folder()) as unfinished:
                make(Path(unfinished))
                (Path(unfinished) / name).rename(made)
    return made


def _migrate(var: Path) -> None:
    _manage(var, "migrate", "--no-input", "--verbosity", "0")


def _collect(var: Path) -> None:
    _manage(var, "collectstatic", "--no-input", "--verbosity", "0")


def _manage(var: Path, *arguments: str) -> None:
    """Run a management command of a portal on embedded defaults that keeps its data in `var`."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("EGRESS_")}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**env, "EGRESS_VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
