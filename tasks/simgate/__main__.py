"""python -m simgate <stage> --job KEY … [--jobs LIST] --out STORE [--place NAME]: the only container entry."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from simgate.core.errors import InputError, SimgateError
from simgate.core.runtime.events import Events
from simgate.core.runtime.job_list import read_job_list
from simgate.core.runtime.stage import run_batch
from simgate.core.storage.credentials import own_store_keys
from simgate.core.storage.store import Store
from simgate.rows.places import PLACES
from simgate.rows.stages import STAGES


def main(argv: Sequence[str] | None = None) -> int:
    """Run the jobs of one stage and return the worst exit code: 0, 143, 1 or 2."""
    arguments = _parser().parse_args(argv)
    os.umask(0o077)
    try:
        stage = import_module(STAGES.find(arguments.stage).module).STAGE
        store = Store(arguments.out, own_store_keys())
        return run_batch(stage, _jobs(store, arguments), store, place=arguments.place)
    except SimgateError as error:
        Events().emit("error", exit_code=error.exit_code, message=str(error))
        return error.exit_code


def _jobs(store: Store, arguments: argparse.Namespace) -> list[str]:
    listed = [key for name in arguments.jobs for key in read_job_list(store, name)]
    if not (jobs := [*arguments.job, *listed]):
        raise InputError("no job was named", expected="--job KEY or --jobs LIST")
    return jobs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simgate", description="Run jobs of one stage.")
    parser.add_argument("stage", help=" | ".join(STAGES.names()))
    parser.add_argument("--job", action="append", default=[], help="key in the store, or a local file (/… or ./…)")
    parser.add_argument("--jobs", action="append", default=[], help="key of a list of jobs in the store")
    parser.add_argument("--out", required=True, help="the store: a folder, file:///folder or s3://bucket/prefix")
    parser.add_argument("--place", default="local", choices=PLACES.names(), help="recorded as builder")
    return parser


if __name__ == "__main__":
    code = main()
    # The end is decided and written down; while Python winds up, a stop would make a commit look like one.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(code)
