"""The hil stage as a whole: a real engine in a real process, a real store, and the verdict that is kept."""

from __future__ import annotations

import io
import json
import math
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate.core.identity.code import closure
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.events import Events
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import Manifest
from simgate.core.runtime.stage import run_job
from simgate.core.runtime.stop import Stop
from simgate.documents.bench import HilResult
from simgate.documents.engine import EngineBundle, EngineFile
from simgate.hil.stage import STAGE, check_engine
from simgate.hil.trace import Trace
from simgate.rows.families import FAMILIES
from simgate.rows.runtime import runtime_of
from simgate.specs.hil import HilSpec, SafetyLimits
from tests import probe_jobs
from tests.unit.bench_store import EPISODES, FIRST_EPISODE, FRAMES, SCENE, BenchStore, tiny_engine

pytestmark = pytest.mark.alone

SPEC = HilSpec(family="navigator", target="onnxruntime-cpu", bench="emulated", bags=EPISODES, rate=2.0)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> BenchStore:
    return BenchStore(tmp_path_factory.mktemp("good"), tiny_engine(0.7))


def observe(place: BenchStore, job: Job) -> tuple[int, str]:
    """Run one job here; its exit code and its log."""
    uri = probe_jobs.submit(place.store, job)
    log = io.StringIO()
    return run_job(STAGE, uri, place.store, stop=Stop(), place="local", events=Events(log)), log.getvalue()


def committed(place: BenchStore, spec: HilSpec, nonce: str = "0123456789abcdef") -> Manifest:
    """A committed observation; one that a busy machine starved is tried again, as the pipeline does."""
    job = place.job(spec, nonce)
    code, log = 1, ""
    for _ in range(3):
        code, log = observe(place, job)
        if code == 0:
            break
    manifest = probe_jobs.result(place.store, job)
    assert code == 0, log
    assert manifest is not None
    return manifest


def test_a_pull_requests_engine_is_refused_a_real_bench_before_anything_is_begun_there(good: BenchStore) -> None:
    job = good.job(SPEC.model_copy(update={"bench": "device"})).model_copy(update={"domain": "pr-7"})
    code, log = observe(good, job)
    assert code == 2
    assert "a pull request reaches no bench" in log


def test_a_good_engine_passes_and_everything_says_emulated(good: BenchStore) -> None:
    manifest = committed(good, SPEC)
    verdict = read_verdict(good.store, manifest)
    assert verdict is not None
    assert (verdict.verdict, verdict.reasons) == ("PASS", ())
    assert verdict.metrics["bench_emulated"] == 1.0
    assert verdict.metrics["commands"] == EPISODES * FRAMES
    result = HilResult.from_json(good.store.read(manifest.artifact("hil.json")), what="hil.json")
    assert result.bench == "emulated"
    assert result.limits == SPEC.limits
    assert result.worst_case.time_ms == verdict.metrics["worst_motion_ms"] == 150 + 600 + 10
    assert manifest.spec["limits"] == SPEC.limits.model_dump()
    assert [(bag.scene, bag.episode) for bag in result.bags] == [(SCENE, FIRST_EPISODE), (SCENE, FIRST_EPISODE + 1)]
    trace = Trace.from_json(good.store.read(manifest.artifact("trace.json")), what="trace.json")
    assert trace.bench == "emulated"
    assert trace.drives[0].asked[0].raw is not None
    assert trace.drives[0].asked[0].raw.speed_m_s == pytest.approx(0.7 * 0.8)
    assert {subject.annotations.determinism for subject in manifest.subject} == {"none"}
    folder = manifest.artifact("hil.json").uri.rpartition("/")[0]
    assert "EMULATED BENCH" in good.store.get(f"{folder}/report.html").decode()


def test_the_stage_runs_as_a_process_of_its_own(good: BenchStore) -> None:
    job = good.job(SPEC.model_copy(update={"bags": 1}), "1111111111111111")
    done = probe_jobs.run(good.store, probe_jobs.submit(good.store, job), stage="hil")
    events = probe_jobs.events(done.stderr)
    assert any(event.get("bench") == "emulated" for event in events)
    assert done.returncode == 0 or "starved" in done.stderr, done.stderr


def test_an_engine_that_says_nan_fails(tmp_path: Path) -> None:
    place = BenchStore(tmp_path, tiny_engine(math.nan))
    verdict = read_verdict(place.store, committed(place, SPEC.model_copy(update={"bags": 1})))
    assert verdict is not None
    assert verdict.verdict == "FAIL"
    assert "not-finite" in verdict.reasons[0]


def test_a_file_that_is_no_engine_fails_and_its_words_are_kept(tmp_path: Path) -> None:
    place = BenchStore(tmp_path, b"this is no model")
    manifest = committed(place, SPEC)
    verdict = read_verdict(place.store, manifest)
    assert verdict is not None
    assert verdict.verdict == "FAIL"
    assert verdict.reasons[0].startswith("device under test ended by itself (exit code 2); the last line of its log: ")
    assert "no ONNX model" in verdict.reasons[0]
    assert b"no ONNX model" in place.store.read(manifest.artifact("device.log"))


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"engine/model.onnx": b"another model"}, "model.onnx of the engine is of another size, got 13 bytes"),
        (
            {"engine/extra.so": b"hello"},
            "other files than its engine.json lists, got engine.json, extra.so, model.onnx",
        ),
        ({"engine/deep/file": b"hello"}, "a file that lies in no bundle, got deep/file"),
        ({"engine/engine.json": b'{"version":2}'}, "engine.json is of another version, got 2, expected 1"),
    ],
)
def test_a_bundle_that_is_not_export_s_is_refused_before_anything_is_replayed(
    tmp_path: Path, others: dict[str, bytes], words: str
) -> None:
    place = BenchStore(tmp_path, tiny_engine(0.7), **others)
    code, log = observe(place, place.job(SPEC))
    assert code == 2
    assert words in json.loads(log.splitlines()[-1])["message"]
    assert probe_jobs.result(place.store, place.job(SPEC)) is None


def test_a_family_that_commands_no_robot_has_no_place_on_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    row = FAMILIES.find("navigator")
    monkeypatch.setitem(FAMILIES._outside, "detector", replace(row, name="detector", commands=False))
    bundle = EngineBundle(
        family="detector", contract={}, target="onnxruntime-cpu", precision="fp32", runtime={},
        files=(EngineFile(name="model.onnx", sha256="0" * 64, size_bytes=1),),
    )  # fmt: skip
    with pytest.raises(InputError, match="field family: the engine is of another one, got detector"):
        check_engine(SPEC, bundle)
    with pytest.raises(InputError, match="a detector, which commands no robot"):
        check_engine(SPEC.model_copy(update={"family": "detector"}), bundle)
    elsewhere = SPEC.model_copy(update={"family": "detector", "target": "tensorrt"})
    with pytest.raises(InputError, match="field target: the engine is of another one"):
        check_engine(elsewhere, bundle)


def test_a_tight_envelope_fails_a_good_engine(good: BenchStore) -> None:
    tight = SPEC.model_copy(update={"bags": 1, "limits": SafetyLimits(speed_m_s=0.3)})
    verdict = read_verdict(good.store, committed(good, tight, "2222222222222222"))
    assert verdict is not None
    assert verdict.verdict == "FAIL"
    assert "speed" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"bench": "device"}, 2, "field bench"),
        ({"limits": SafetyLimits(silence_limit_ms=200.0)}, 2, "silence_limit_ms"),
        ({"limits": SafetyLimits(tick_period_ms=0.9)}, 2, "tick_period_ms"),
        ({"bags": EPISODES + 1}, 1, "too few bags"),
        ({"limits": SafetyLimits(silence_limit_ms=210.0), "rate": 1.0}, 1, "gaps"),
        ({"bags": 1, "max_pacing_jitter_ms": 1e-6}, 1, "INVALID"),
    ],
)
def test_what_proves_nothing_leaves_no_memo(good: BenchStore, fields: dict[str, object], code: int, words: str) -> None:
    job = good.job(SPEC.model_copy(update=fields), "3333333333333333")
    found, log = observe(good, job)
    assert found == code
    assert words in json.loads(log.splitlines()[-1])["message"]
    assert probe_jobs.result(good.store, job) is None


def test_a_bench_that_is_stopped_for_a_while_proves_nothing(good: BenchStore) -> None:
    job = good.job(SPEC.model_copy(update={"rate": 1.0}), "4444444444444444")
    bench = probe_jobs.start(good.store, probe_jobs.submit(good.store, job), stage="hil")
    assert bench.stderr is not None
    while "progress" not in bench.stderr.readline():
        assert bench.poll() is None
    time.sleep(0.3)
    bench.send_signal(signal.SIGSTOP)
    time.sleep(0.6)
    bench.send_signal(signal.SIGCONT)
    _, log = bench.communicate(timeout=30)
    assert bench.returncode == 1
    assert "starved" in log
    assert probe_jobs.result(good.store, job) is None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_no_device_outlives_a_bench_that_is_ended(good: BenchStore, number: int, code: int) -> None:
    slow = SPEC.model_copy(update={"rate": 0.1, "limits": SafetyLimits(silence_limit_ms=5000.0)})
    job = good.job(slow, f"{number:016x}")
    bench = probe_jobs.start(good.store, probe_jobs.submit(good.store, job), stage="hil")
    device = first_child(bench.pid)
    bench.send_signal(number)
    bench.communicate(timeout=20)
    assert bench.returncode == code
    assert wait_for(lambda: not Path(f"/proc/{device}").exists())
    assert probe_jobs.result(good.store, job) is None


def first_child(pid: int) -> int:
    """The device that the bench has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    assert wait_for(lambda: children.read_text().split() != [])
    return int(children.read_text().split()[0])


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_an_edit_of_the_device_or_its_engine_moves_the_key() -> None:
    modules = closure(*runtime_of("hil", SPEC).modules)
    assert {"simgate.hil.device", "simgate.engine.onnx", "simgate.safety.monitor"} <= set(modules)


def test_the_bench_needs_no_torch() -> None:
    needs = runtime_of("hil", SPEC)
    assert not {name for name in closure(*needs.modules) if name.startswith("simgate.families.navigator.network")}
    assert needs.extras == ("agent",)
