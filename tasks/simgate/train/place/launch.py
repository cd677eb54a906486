"""Launch: the ranks of one training, as processes of one machine, or of each of several."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from simgate.core.errors import SimgateError
from simgate.core.runtime.node import Node
from simgate.specs.train import TrainSpec
from simgate.train.folder import TrainFolder

MEET_WITHIN_S = 1800
"""So long the machines of one training wait for each other: one may still pull its image or read its frames."""
_REMEDY = "see the rank's log above; the run can be retried"


def launch(rank: Callable[[str, str], None], spec: TrainSpec, folder: TrainFolder, node: Node) -> None:
    """Run this machine's ranks to their end; one that fails ends all, on every machine, and its error is told.

    SIGTERM stays with the stage: the launcher would end the ranks before they have saved where they are.
    """
    before = signal.getsignal(signal.SIGINT)
    logging.getLogger("torch.distributed.elastic").setLevel(logging.ERROR)
    try:
        elastic_launch(_config(spec, folder, node), rank)(spec.to_json().decode(), str(folder.path))
    except ChildFailedError as error:
        number, failure = error.get_first_failure()
        raise SimgateError(f"rank {number} failed: {_reason(failure)}", remedy=_REMEDY) from error
    finally:
        signal.signal(signal.SIGINT, before)


def _reason(failure: ProcessFailure) -> str:
    """Return the rank's own error message, or the launcher's."""
    said: object = failure.message
    return str(said["message"]) if isinstance(said, dict) and "message" in said else str(said)


def _config(spec: TrainSpec, folder: TrainFolder, node: Node) -> LaunchConfig:
    alone = node.count == 1
    return LaunchConfig(
        min_nodes=node.count,
        max_nodes=node.count,
        nproc_per_node=spec.world_size // node.count,
        run_id="train",
        logs_specs=DefaultLogsSpecs(log_dir=str(folder.path / "logs")),
        # Several machines are numbered from outside, so rank r is the same share of a batch in every try.
        rdzv_backend="c10d" if alone else "static",
        rdzv_endpoint="127.0.0.1:0" if alone else f"{node.address}:{node.port}",
        rdzv_configs={} if alone else {"rank": node.rank, "timeout": MEET_WITHIN_S},
        local_addr="127.0.0.1" if alone else None,
        max_restarts=0,
        start_method="forkserver",
        signals_to_handle="SIGINT",
    )
