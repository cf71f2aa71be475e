"""Databases for the jobs: empty and migrated, each its own."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests import prepared, servers
from tests.faults.progress import ROOT


def with_database(url: str, name: str) -> str:
    """Return the URL of another database on the same PostgreSQL server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def run_sql(url: str, statement: str) -> None:
    """Run one statement outside any transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


class Stores:
    """Hands out databases; servers and templates are made when first asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._making = threading.Lock()
        self._templates: dict[str, str] = {}
        self._count = 0

    def database(self, kind: str) -> str:
        """Return the URL of a new, migrated database of a kind (`sqlite` or `postgres`)."""
        with self._making:
            if kind not in self._templates:
                self._templates[kind] = self._template(kind)
            self._count += 1
            return self._copy(kind, self._templates[kind], self._count)

    def _template(self, kind: str) -> str:
        if kind == "sqlite":
            path = self._folder / "template.sqlite3"
            prepared.database(path)
            return str(path)
        server = self._stack.enter_context(servers.postgres_server())
        name = f"faults_{os.getpid()}"
        run_sql(server, f"CREATE DATABASE {name}")
        self._stack.callback(run_sql, server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        migrate(with_database(server, name), self._folder)
        return with_database(server, name)

    def _copy(self, kind: str, template: str, number: int) -> str:
        if kind == "sqlite":
            path = self._folder / f"job-{number}.sqlite3"
            shutil.copy(template, path)
            return f"sqlite:///{path}"
        source = urlsplit(template).path.strip("/")
        name, server = f"{source}_{number}", with_database(template, "postgres")
        run_sql(server, f"CREATE DATABASE {name} TEMPLATE {source}")
        self._stack.callback(run_sql, server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        return with_database(template, name)


def migrate(url: str, folder: Path) -> None:
    """Bring an empty database to the schema of the code."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "EGRESS_DATABASE_URL": url, "EGRESS_VAR_DIR": str(folder)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The database could not be migrated: {done.stderr[-2000:]}")


@contextmanager
def stores(folder: Path) -> Iterator[Stores]:
    """Yield what hands out databases; they and their servers are gone afterwards."""
    with ExitStack() as stack:
        yield Stores(folder, stack)
