"""The command `simgate`: the one place where its errors become a red line and an exit code."""

from __future__ import annotations

import os
import sys

from simgate.core.errors import SimgateError

INTERRUPTED = 130


def main() -> None:
    """Run the command and exit: 0 done, 1 failed, 2 wrong input or refused, 3 damage, 130 Ctrl-C."""
    # What the command writes (stores, records, logs) is the operator's alone.
    os.umask(0o077)
    try:
        from simgate.cli.app import app
        from simgate.core.runtime.origin import told_as_theirs

        with told_as_theirs():
            app(prog_name="simgate")
    except SimgateError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(INTERRUPTED)


def _say(line: str) -> None:
    from simgate.cli.console import complain

    complain(line)
