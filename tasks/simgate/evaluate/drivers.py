"""Drivers: processes that drive episodes in the simulator, each with its own share of them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import cast

from simgate.core.errors import InputError, SimgateError
from simgate.evaluate.driving import DrivenTrip, Driving, Trip, drive_share

MAX_DRIVERS = 8
_END = b"end"
"""What a driver says last; without it, it died."""
_REFUSED = b"refused:"
"""Before the message of a refusal: the caller's input is wrong, whichever process finds it."""


@contextmanager
def start_drivers(driving: Driving, trips: Sequence[Trip]) -> Iterator[list[Connection]]:
    """Deal the trips out to as many processes as there are cores here; none of them outlives the block."""
    count = max(1, min(MAX_DRIVERS, len(os.sched_getaffinity(0)), len(trips)))
    started: list[tuple[BaseProcess, Connection]] = []
    try:
        started.extend(_start(driving, tuple(trips[number::count])) for number in range(count))
        yield [pipe for _, pipe in started]
    finally:
        for process, _ in started:
            process.terminate()
            process.join()


def driven(pipes: list[Connection]) -> Iterator[DrivenTrip]:
    """Every trip's result, in the order they end; a process that ends before its share is done is an error."""
    waiting = list(pipes)
    while waiting:
        for pipe in cast("list[Connection]", wait(waiting)):
            answer = _hear(pipe)
            if answer.startswith(_REFUSED):
                raise InputError(answer.removeprefix(_REFUSED).decode())
            if answer == _END:
                waiting.remove(pipe)
            else:
                yield DrivenTrip.from_json(answer, what="a driver's answer")


def _start(driving: Driving, share: tuple[Trip, ...]) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(driving, share, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _run(driving: Driving, share: tuple[Trip, ...], pipe: Connection) -> None:
    try:
        drive_share(driving, share, pipe.send_bytes)
        pipe.send_bytes(_END)
    except InputError as error:
        pipe.send_bytes(_REFUSED + str(error).encode())


def _hear(pipe: Connection) -> bytes:
    try:
        return pipe.recv_bytes()
    except EOFError as error:
        remedy = "see its log above; the run can be retried"
        raise SimgateError("a driver process ended before its episodes were driven", remedy=remedy) from error
