"""python -m examples.demo.terminal start | stop: what `make demo` and `make demo-stop` run, in a checkout."""

from __future__ import annotations

from simgate.cli import run_and_exit


def main() -> None:
    """Run the command and exit with its code."""
    run_and_exit(_demo)


def _demo() -> None:
    from examples.demo.terminal.command import app

    app(prog_name="python -m examples.demo.terminal")


if __name__ == "__main__":
    main()
