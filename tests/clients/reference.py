"""The reference part of docs/cli.md. To write it anew:

PYTHONPATH=clients/kubectl-egress/src python -m tests.clients.reference
"""

from pathlib import Path

import click
from click.testing import CliRunner

from kubectl_egress.__main__ import PROGRAM, cli

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "cli.md"
MARK = "## Reference\n"


def reference() -> str:
    """Return what `--help` says of every command."""
    parts = [_block([])]
    parts += [f"### {name}\n\n{_block([name])}" for name in cli.list_commands(click.Context(cli))]
    return "\n".join(parts)


def _block(words: list[str]) -> str:
    said = CliRunner(env={"COLUMNS": "80"}).invoke(
        cli, [*words, "--help"], prog_name=PROGRAM, terminal_width=80
    )
    assert said.exit_code == 0, said.output
    return f"```text\n{said.output.rstrip()}\n```\n"


if __name__ == "__main__":
    text, _, _ = PAGE.read_text().partition(MARK)
    PAGE.write_text(f"{text}{MARK}\n{reference()}")
