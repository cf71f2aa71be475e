"""On what it was measured: figures of another machine are other figures."""

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.grounds import ROOT
from tests.servers import postgres_binaries, redis_binary


def facts() -> dict[str, Any]:
    """Return processor, versions and commit."""
    postgres = postgres_binaries()
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "kernel": platform.release(),
        "kubectl": kubectl_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": _said([str(postgres / "postgres"), "--version"]) if postgres else None,
        "redis": _said([redis_binary() or "", "--version"]) if redis_binary() else None,
        "commit": _said(["git", "-C", str(ROOT), "rev-parse", "HEAD"]),
        "changed_files": len(_said(["git", "-C", str(ROOT), "status", "--short"]).splitlines()),
    }


def kubectl_version() -> str | None:
    """Return the version of kubectl, None when it is absent."""
    if shutil.which("kubectl") is None:
        return None
    said = _said(["kubectl", "version", "--client"])
    found = re.search(r"Client Version: (\S+)", said)
    return found[1] if found else said


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    found = re.search(r"model name\s*: (.+)", text)
    return found[1] if found else platform.processor()


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return ""
    return done.stdout.strip()
