"""The command `simgate`: the one place where its errors become a red line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from simgate.core.errors import SimgateError
from simgate.core.runtime.origin import told_as_theirs

INTERRUPTED = 130


def main() -> None:
    """Run the command and exit: 0 done, 1 failed, 2 wrong input or refused, 3 damage, 130 Ctrl-C."""
    run_and_exit(_simgate)


def _simgate() -> None:
    from simgate.cli.app import app

    app(prog_name="simgate")


def run_and_exit(command: Callable[[], None]) -> None:
    """Run a command of a terminal; a SimgateError or Ctrl-C becomes a red line and an exit code."""
    # Stores, records and logs that it writes are the operator's alone.
    os.umask(0o077)
    try:
        with told_as_theirs():
            command()
    except SimgateError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(INTERRUPTED)


def _say(line: str) -> None:
    from simgate.cli.console import complain

    complain(line)
