"""Launch: the ranks of one training, as processes of one machine."""

from __future__ import annotations

import logging
import signal

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from simgate.core.errors import SimgateError
from simgate.specs.train import TrainSpec
from simgate.train.folder import TrainFolder
from simgate.train.rank import train_rank

_REMEDY = "see the rank's log above; the run can be retried"


def launch(spec: TrainSpec, folder: TrainFolder) -> None:
    """Run `world_size` ranks to their end; one that fails ends all, and its error is told.

    SIGTERM stays with the stage: the launcher would end the ranks before they have saved where they are.
    """
    before = signal.getsignal(signal.SIGINT)
    logging.getLogger("torch.distributed.elastic").setLevel(logging.ERROR)
    try:
        elastic_launch(_config(spec, folder), train_rank)(spec.to_json().decode(), str(folder.path))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        raise SimgateError(f"rank {rank} failed: {_reason(failure)}", remedy=_REMEDY) from error
    finally:
        signal.signal(signal.SIGINT, before)


def _reason(failure: ProcessFailure) -> str:
    """The rank's own last words, or what the launcher says of its end."""
    said: object = failure.message
    return str(said["message"]) if isinstance(said, dict) and "message" in said else str(said)


def _config(spec: TrainSpec, folder: TrainFolder) -> LaunchConfig:
    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=spec.world_size,
        run_id="train",
        logs_specs=DefaultLogsSpecs(log_dir=str(folder.path / "logs")),
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts=0,
        start_method="forkserver",
        signals_to_handle="SIGINT",
    )
