"""Forerunner: a process that loads what every rank needs, so that ranks are forked from it and start at once."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing import forkserver

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}
"""Of the ranks. cuBLAS is deterministic only with a fixed workspace; the log level silences a warning about
find_unused_parameters, which is meant (see `rank.py`)."""


def prepare_ranks() -> None:
    """Begin, in the background; needs no torch itself."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    multiprocessing.get_context("forkserver").set_forkserver_preload(["simgate.train.rank"])
    forkserver.ensure_running()
