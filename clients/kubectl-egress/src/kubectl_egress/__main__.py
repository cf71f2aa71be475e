"""The command `kubectl egress`."""

import errno
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from kubectl_egress import output
from kubectl_egress.commands import account, asking, checking, deciding, looking
from kubectl_egress.errors import Exit, Failure

PROGRAM = "kubectl egress"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
def cli() -> None:
    """Self-service for external hosts: ask, decide, check.

    Cluster and namespace are those of the kubeconfig's context. Who you are says the token of
    `kubectl egress login`, or EGRESS_PORTAL_URL with EGRESS_PORTAL_TOKEN or
    EGRESS_PORTAL_TOKEN_FILE.

    Exit codes: 0 done, or granted; 1 refused by the portal; 2 not understood; 3 not granted;
    4 waited in vain; 5 not signed in, or no right; 6 the portal cannot be reached; 7 no such
    thing, or not for you to see.
    """


for _command in (
    asking.request_command,
    looking.list_command,
    looking.show_command,
    deciding.approve_command,
    deciding.deny_command,
    deciding.revoke_command,
    checking.check_command,
    looking.wait_command,
    asking.render_command,
    checking.open_command,
    account.login_command,
    account.whoami_command,
    account.version_command,
):
    cli.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = cli.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
        return int(code or 0)
    except Failure as failure:
        output.tell(f"Error: {output.plain(failure.message)}")
        for line in failure.details:
            output.tell(f"  {output.plain(line)}")
        return int(failure.exit_code)
    except click.UsageError as error:
        error.show()
        return int(Exit.USAGE)
    except click.ClickException as error:
        error.show()
        return int(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        output.tell("Stopped: nothing more was done.")
        return int(Exit.STOPPED)
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        # Whoever read the output went away, such as `head`.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        return int(Exit.OK)


def main() -> NoReturn:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
