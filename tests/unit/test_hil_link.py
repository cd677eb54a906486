"""Links: the bench is what the link that was opened says, and never another one than was asked for."""

from __future__ import annotations

import pytest

from simgate.core.errors import InputError
from simgate.engine.bundle import Bundle, read_bundle
from simgate.hil.judge import judge
from simgate.hil.link import bench_of, open_link
from simgate.hil.trace import Trace
from simgate.specs.hil import BenchKind, HilSpec
from simgate.worker.fault import WorkerFault
from simgate.worker.transport import Arrival
from tests.unit.bench_store import bundle_of, tiny_engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundle") / "engine"
    bundle_of(folder, tiny_engine(0.5))
    return read_bundle(folder)


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
def test_the_link_says_which_bench_it_is(engine: Bundle, emulated: bool, bench: BenchKind) -> None:
    link = RecordedLink(emulated=emulated)
    assert bench_of(link) == bench
    assert open_link(bench, engine, {bench: lambda _: link}) is link
    assert not link.closed


@pytest.mark.parametrize(("asked", "emulated"), [("device", True), ("emulated", False)])
def test_a_link_to_another_bench_than_was_asked_for_is_refused_and_closed(
    engine: Bundle, asked: BenchKind, emulated: bool
) -> None:
    link = RecordedLink(emulated=emulated)
    with pytest.raises(InputError, match=f"leads to another bench, got {bench_of(link)}, expected {asked}"):
        open_link(asked, engine, {asked: lambda _: link})
    assert link.closed


def test_no_device_is_attached_to_this_machine(engine: Bundle) -> None:
    with pytest.raises(InputError, match="no device is attached, got device, expected emulated"):
        open_link("device", engine)


@pytest.mark.parametrize(("bench", "metric"), [("emulated", 1.0), ("device", 0.0)])
def test_the_metric_follows_from_the_link(bench: BenchKind, metric: float) -> None:
    trace = Trace(bench=bench, device_fault="it broke off", started_ms=1.0, drives=())
    assert (
        judge(trace, HilSpec(family="navigator", bench=bench, target="onnxruntime-cpu")).metrics["bench_emulated"]
        == metric
    )
