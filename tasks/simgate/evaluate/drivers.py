"""Drivers: worker processes that drive episodes in the simulator, each with its own share of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from simgate.evaluate import driver
from simgate.evaluate.driver import MAX_TRIP_BYTES, ROLE, share_message
from simgate.evaluate.trip import DrivenTrip, Driving, Trip
from simgate.worker.process import ALLOWED_ENVIRONMENT, Launch, ProcessTransport, module_command
from simgate.worker.worker import Patience, Worker, answers

MAX_DRIVERS = 8
PATIENCE = Patience(start_limit_s=120.0, answer_limit_s=1800.0)
"""The first trip pays for the simulator's start and, on a new machine, for compiling its kernels."""
ENVIRONMENT = (
    *ALLOWED_ENVIRONMENT, "HOME", "XDG_CACHE_HOME", "WARP_CACHE_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_CACHE_PATH",
    "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
)  # fmt: skip
LAUNCH = Launch(
    name="driver process",
    command=module_command(driver.__name__),
    max_frame_bytes=MAX_TRIP_BYTES,
    environment=ENVIRONMENT,
    max_backlog_bytes=driver.MAX_SHARE_BYTES,
    grace_s=0.0,  # once the block is left nobody waits for a result
)


@contextmanager
def start_drivers(driving: Driving, trips: Sequence[Trip]) -> Iterator[list[Worker]]:
    """Deal the trips out to as many processes as there are cores here; none of them outlives the block."""
    count = max(1, min(MAX_DRIVERS, len(os.sched_getaffinity(0)), len(trips)))
    with ExitStack() as started:
        workers = []
        for number in range(count):
            transport = started.enter_context(closing(ProcessTransport(LAUNCH)))
            workers.append(Worker(transport, ROLE, PATIENCE))
            workers[-1].ask(share_message(driving, trips[number::count]))
        yield workers


def driven(workers: Sequence[Worker]) -> Iterator[DrivenTrip]:
    """Yield every trip's result as they end; a driver that fails before its share is done is a WorkerFault."""
    for answer in answers(workers):
        yield DrivenTrip.from_json(answer.part(driver.TRIP), what="a driver's answer")
