"""Links: the bench is what the link that was opened says, and never another one than was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate.hil.judge import judge
from simgate.hil.link import bench_of, open_link
from simgate.hil.trace import Trace
from simgate.specs.hil import BenchKind, HilSpec
from simgate.worker.fault import WorkerFault
from simgate.worker.transport import Arrival

ENGINE = Path("engine")


class RecordedLink:
    """A link to something that says nothing."""

    name = "recorded link"
    fault: WorkerFault | None = None
    log = b""

    def __init__(self, *, emulated: bool) -> None:
        self.emulated = emulated
        self.closed = False

    def fileno(self) -> int:
        raise NotImplementedError

    def send(self, payload: bytes) -> None:
        raise NotImplementedError

    def poll(self, timeout_s: float) -> list[Arrival]:
        raise TimeoutError(f"{timeout_s} s")

    def blame(self, fault: WorkerFault) -> None:
        self.fault = fault

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("emulated", "bench"), [(True, "emulated"), (False, "device")])
def test_the_link_says_which_bench_it_is(emulated: bool, bench: BenchKind) -> None:
    link = RecordedLink(emulated=emulated)
    assert bench_of(link) == bench
    assert open_link(bench, ENGINE, {bench: lambda _: link}) is link
    assert not link.closed


@pytest.mark.parametrize(("asked", "emulated"), [("device", True), ("emulated", False)])
def test_a_link_to_another_bench_than_was_asked_for_is_refused_and_closed(asked: BenchKind, emulated: bool) -> None:
    link = RecordedLink(emulated=emulated)
    with pytest.raises(InputError, match=f"leads to another bench, got {bench_of(link)}, expected {asked}"):
        open_link(asked, ENGINE, {asked: lambda _: link})
    assert link.closed


def test_no_device_is_attached_to_this_machine() -> None:
    with pytest.raises(InputError, match="no device is attached, got device, expected emulated"):
        open_link("device", ENGINE)


@pytest.mark.parametrize(("bench", "metric"), [("emulated", 1.0), ("device", 0.0)])
def test_the_metric_follows_from_the_link(bench: BenchKind, metric: float) -> None:
    trace = Trace(bench=bench, device_fault="it broke off", started_ms=1.0, drives=())
    assert judge(trace, HilSpec(bench=bench, engine="onnxruntime-cpu")).metrics["bench_emulated"] == metric
