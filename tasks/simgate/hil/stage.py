"""hil: replay eval drives to the engine in real time, every command through the safety monitor."""

from __future__ import annotations

from dataclasses import asdict

from simgate.core.errors import Inconclusive, InputError
from simgate.core.runtime.job import MAIN
from simgate.core.runtime.work import Work
from simgate.data.bag import bag_name, mcap_name
from simgate.documents.bench import HilResult, WorstCase
from simgate.documents.dataset import SplitDocument
from simgate.documents.engine import EngineBundle
from simgate.engine.bundle import Bundle
from simgate.engine.fetched import fetch_bundle
from simgate.hil.bench import Bench
from simgate.hil.drive import Drive, read_drive
from simgate.hil.judge import bag_result, judge
from simgate.hil.link import bench_of, check_bench, open_link
from simgate.hil.replay import LEAD_NS
from simgate.hil.report import draw
from simgate.hil.trace import Trace
from simgate.rows.families import FAMILIES
from simgate.rows.runtime import stage_of
from simgate.safety.motion import worst_motion
from simgate.specs.hil import HilSpec
from simgate.worker.transport import Transport

JSON = "application/json"
LEAST_TICK_MS = 1.0
"""A bench that looks more often takes the processor away from the device under test."""


def run(work: Work[HilSpec]) -> None:
    """Make one observation: verdict.json and hil.json; a starved replay or too few bags end as Inconclusive."""
    spec = work.spec
    check_domain(spec, work.job.domain)
    check(spec)
    engine = fetch_bundle(work.inputs, work.folder / "engine")
    check_engine(spec, engine.document)
    drives = _drives(work)
    bench = Bench(spec.limits.envelope(), spec.rate, spec.max_trips)
    trace, log = bench.run(lambda: _open(work, engine), drives, lambda done: work.progress(done, len(drives), "bags"))
    _keep(work, trace, log)


def check_domain(spec: HilSpec, domain: str) -> None:
    """Refuse a real bench to everybody but main: an engine of a pull request moves nothing."""
    if spec.bench == "device" and domain != MAIN:
        raise InputError("field bench: a pull request reaches no bench", actual=domain, expected=MAIN)


def check_engine(spec: HilSpec, engine: EngineBundle) -> None:
    """Refuse another engine than was asked for, and one that commands nothing: the monitor has no command to judge."""
    for field in ("family", "target"):
        if (found := getattr(engine, field)) != (asked := getattr(spec, field)):
            raise InputError(f"field {field}: the engine is of another one", actual=found, expected=asked)
    if not FAMILIES.find(spec.family).commands:
        raise InputError(
            f"the engine is a {spec.family}, which commands no robot: the bench has nothing to replay it to",
            remedy="leave hil out of its recipe; evaluate and export judge it",
        )


def check(spec: HilSpec) -> None:
    """Refuse a spec that this bench cannot run."""
    check_bench(spec.bench)
    if not spec.limits.tick_period_ms >= LEAST_TICK_MS:
        raise InputError(
            "field limits.tick_period_ms: the bench does not look so often",
            actual=f"{spec.limits.tick_period_ms:g} ms",
            expected=f"at least {LEAST_TICK_MS:g} ms",
        )
    lead_ms = LEAD_NS / 1e6
    if not spec.limits.silence_limit_ms > lead_ms:
        raise InputError(
            "field limits.silence_limit_ms: the first frame comes later than that",
            actual=f"{spec.limits.silence_limit_ms:g} ms",
            expected=f"above {lead_ms:g} ms",
        )


def _open(work: Work[HilSpec], engine: Bundle) -> Transport:
    link = open_link(work.spec.bench, engine)
    if link.emulated:
        work.note(
            "emulated bench: the device under test is a process on this machine",
            bench=bench_of(link),
            target=engine.document.target,
        )
    return link


def _drives(work: Work[HilSpec]) -> list[Drive]:
    """Return the first `bags` episodes of the eval split, read into memory before anything is timed."""
    spec = work.spec
    split = SplitDocument.from_json(work.inputs.read("validate", "splits/eval.json"), what="splits/eval.json")
    drives: list[Drive] = []
    for entry in split.shards:
        shard = work.inputs.shard(entry)
        for episode in range(entry.first_episode, entry.first_episode + entry.episodes):
            if len(drives) == spec.bags:
                return drives
            name = f"{bag_name(episode)}.mcap"
            path = work.inputs.fetch_of(shard, mcap_name(episode), work.folder / f"{len(drives)}-{name}")
            drive = read_drive(path, scene=entry.scene, episode=episode, max_duration_s=spec.max_duration_s)
            check_gaps(drive, spec)
            drives.append(drive)
    if len(drives) < spec.bags:
        raise Inconclusive(
            "the eval split has too few bags to judge by (INVALID)",
            actual=len(drives),
            expected=spec.bags,
            remedy="ask for fewer bags, or plan more eval episodes",
        )
    return drives


def check_gaps(drive: Drive, spec: HilSpec) -> None:
    """Refuse a recording that is silent for longer than the monitor bears: it says nothing about the device."""
    gap_ms = drive.widest_gap_ns / 1e6 / spec.rate
    if not gap_ms + spec.limits.command_deadline_ms <= spec.limits.silence_limit_ms:
        raise Inconclusive(
            f"episode {drive.episode} has gaps that would trip any device (INVALID)",
            actual=f"{gap_ms:g} ms between frames and {spec.limits.command_deadline_ms:g} ms to answer",
            expected=f"at most {spec.limits.silence_limit_ms:g} ms",
            remedy="raise limits.silence_limit_ms or rate",
        )


def _keep(work: Work[HilSpec], trace: Trace, log: bytes) -> None:
    work.outputs.byproduct("trace.json", trace.to_json(), JSON)
    work.outputs.byproduct("device.log", log, "text/plain")
    judgement = judge(trace, work.spec)
    bags = tuple(bag_result(drive, work.spec.limits) for drive in trace.drives)
    limits = work.spec.limits
    worst_case = WorstCase(**asdict(worst_motion(limits.envelope())))
    result = HilResult(bench=trace.bench, limits=limits, worst_case=worst_case, bags=bags)
    work.outputs.write("hil.json", result.to_json(), JSON, deterministic=False)
    word = "PASS" if judgement.passed else "FAIL"
    what = "verdict on an emulated bench" if trace.bench == "emulated" else "verdict on a device's bench"
    work.note(what, verdict=word, reasons=judgement.reasons, bench=trace.bench)
    # An observation is never the same twice: its verdict carries latencies, so it is not declared bitwise.
    work.outputs.verdict(judgement.passed, judgement.reasons, judgement.metrics, deterministic=False)


STAGE = stage_of("hil", run, draw)
