"""probe: exercises every part of the contract in milliseconds, with no library but our own."""

from __future__ import annotations

import time

from simgate.core.errors import InputError, Preempted, SimgateError
from simgate.core.given.random import stream
from simgate.core.runtime.work import Work
from simgate.rows.runtime import stage_of
from simgate.specs.probe import ProbeSpec


def run(work: Work[ProbeSpec]) -> None:
    """Write the files, checkpoint half-way, end as the spec says."""
    spec = work.spec
    resumed = work.scratch.latest(work.folder / "checkpoint")
    for number in range(spec.files):
        _stop_if_asked(work, number)
        work.outputs.write(f"file-{number}.bin", _content(spec, number), "application/octet-stream")
        work.progress(number + 1, spec.files, "files")
        time.sleep(spec.step_s)
        if spec.end == "preempted-once" and resumed is None and number >= spec.files // 2:
            _checkpoint(work, number)
            raise Preempted("this probe preempts itself once")
    _end(work)


def _content(spec: ProbeSpec, number: int) -> bytes:
    return stream(spec.seed, "probe", number).bytes(spec.size_bytes)


def _checkpoint(work: Work[ProbeSpec], number: int) -> None:
    path = work.folder / "checkpoint.out"
    path.write_text(str(number), encoding="ascii")
    work.scratch.save(number, path)


def _stop_if_asked(work: Work[ProbeSpec], number: int) -> None:
    if work.stop.requested:
        _checkpoint(work, number)
        raise Preempted("asked to stop (SIGTERM)", remedy="run it again: it resumes")


def _end(work: Work[ProbeSpec]) -> None:
    match work.spec.end:
        case "error":
            raise SimgateError("this probe was asked to fail")
        case "bad-input":
            raise InputError("this probe was asked to find its input wrong")
        case "fail-verdict":
            work.outputs.verdict(False, ["this probe was asked to say no"], {"files": work.spec.files})
        case _:
            work.outputs.verdict(True, [], {"files": work.spec.files})


STAGE = stage_of("probe", run, polls_stop=True)
