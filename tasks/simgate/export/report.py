"""The page of an export: parity, latency, and what the engine says of itself."""

from __future__ import annotations

from simgate.core.runtime.attempt import VERDICT_NAME, Verdict
from simgate.core.runtime.work import Drawn
from simgate.documents.engine import FOLDER, NAME
from simgate.documents.parity_report import Parity
from simgate.export.latency import Latency
from simgate.report.figure import note, table
from simgate.report.page import Section, page
from simgate.specs.export import ExportSpec


def draw(drawn: Drawn[ExportSpec]) -> bytes:
    """Draw the report as one self-contained page."""
    parity = Parity.from_json(drawn.read("parity.json"), what="parity.json")
    latency = Latency.from_json(drawn.read("latency.json"), what="latency.json")
    verdict = Verdict.from_json(drawn.read(VERDICT_NAME), what=VERDICT_NAME)
    files = [item for item in drawn.manifest.artifacts if item.name.startswith(f"{FOLDER}/")]
    engine = drawn.manifest.artifact(f"{FOLDER}/{NAME}")
    facts = {
        "Target": f"{drawn.spec.target}, {drawn.spec.precision}",
        "Opset": str(drawn.spec.opset),
        "Engine": engine.sha256[:12],
        "Size": f"{sum(file.size_bytes for file in files) / 1000:,.0f} kB in {len(files)} files",
        "Frames compared": str(parity.samples),
    }
    reasons = (
        [Section("Why not", table(("reason",), [(reason,) for reason in verdict.reasons]))] if verdict.reasons else []
    )
    return page("Export", verdict=verdict.verdict, facts=facts, sections=[*reasons, _parity(parity), _latency(latency)])


def _parity(parity: Parity) -> Section:
    head = ("output", "median", "p90", "p95", "p99", "max", "limit", "")
    rows = [
        (
            r.output,
            *(f"{value:.2e}" for value in (r.median, r.p90, r.p95, r.p99, r.max, r.limit)),
            _word(r.max <= r.limit),
        )
        for r in parity.rows
    ]
    text = note(
        "Absolute differences of decoded outputs, from the same stored picture bytes, against FP32 PyTorch on the CPU."
    )
    return Section("Parity", text + table(head, rows))


def _latency(latency: Latency) -> Section:
    head = ("path", "p50 ms", "p90 ms", "p95 ms", "p99 ms", "max ms")
    rows = [(r.path, *(f"{v:.2f}" for v in (r.p50_ms, r.p90_ms, r.p95_ms, r.p99_ms, r.max_ms))) for r in latency.rows]
    return Section(
        "Latency", note(f"{latency.runs} runs each, one thread, on the machine of this run.") + table(head, rows)
    )


def _word(passed: bool) -> str:
    return "PASS" if passed else "FAIL"
