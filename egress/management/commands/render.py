"""`manage.py render FILE`: the objects for a file of grants, without database and cluster."""

import gc
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from egress.domain.grants_file import (
    MAX_CHARACTERS,
    GrantsFileError,
    parse_grants_file,
    render_grants_file,
)
from egress.domain.objects import to_yaml
from egress.domain.wording import quoted


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Command(BaseCommand):
    """Prints the objects. Ends with 2, and says why on stderr, when the file is wrong."""

    help = "Print the Istio objects for a YAML file of grants. Needs no database and no cluster."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the one file."""
        parser.add_argument(
            "file", metavar="FILE", help='the file of grants, "-" for standard input'
        )
        parser.add_argument(
            "--static", action="store_true", help="add what bootstrap lays down once per cluster"
        )
        parser.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, judge, render, print."""
        # Hundreds of thousands of objects live until the end; looking for dead ones takes half
        # of the time.
        with _without_garbage_collection():
            self._render(options)

    def _render(self, options: dict[str, Any]) -> None:
        name = options["file"]
        shown = "standard input" if name == "-" else name
        try:
            parsed = parse_grants_file(self._text(name))
            objects = render_grants_file(parsed, static=options["static"])
        except GrantsFileError as error:
            self._refuse([f"{shown}: {problem}" for problem in error.problems])
        if options["output"] == "json":
            self.stdout.write(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        elif objects:
            self.stdout.write(to_yaml(objects), ending="")

    def _text(self, name: str) -> str:
        try:
            if name == "-":
                raw = sys.stdin.buffer.read(MAX_CHARACTERS * 4 + 1)
            else:
                with Path(name).open("rb") as file:
                    raw = file.read(MAX_CHARACTERS * 4 + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            self._refuse([f"{quoted(name)} cannot be read: {why}. Check the path."])
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._refuse(
                [f"{quoted(name)} is not UTF-8 text (byte {error.start}). Save it as UTF-8."]
            )

    def _refuse(self, lines: list[str]) -> NoReturn:
        for line in lines:
            self.stderr.write(line)
        raise SystemExit(2)
