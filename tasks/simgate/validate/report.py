"""Report of validate: the verdict, every check with its count, every expectation, what the dataset holds."""

from __future__ import annotations

import json
from html import escape

from simgate.core.runtime.attempt import Verdict
from simgate.core.runtime.work import Drawn
from simgate.documents.dataset import DatasetDocument, SplitDocument
from simgate.report import figure
from simgate.report.page import Section, page
from simgate.specs.validate import ValidateSpec
from simgate.validate.finding import CHECKS


def draw(drawn: Drawn[ValidateSpec]) -> bytes:
    """Return the page."""
    verdict = Verdict.from_json(drawn.read("verdict.json"), what="verdict.json")
    dataset = DatasetDocument.from_json(drawn.read("dataset.json"), what="dataset.json")
    splits = [
        SplitDocument.from_json(drawn.read(f"splits/{side}.json"), what=f"splits/{side}.json")
        for side in ("train", "eval")
    ]
    facts = {
        "Status": dataset.status,
        "Episodes": str(dataset.episodes),
        "Frames": f"{splits[0].frames} train, {splits[1].frames} eval",
        "Scenes": ", ".join(item.name for split in splits for item in split.scenes),
        "Classes": str(len(splits[0].classes)),
    }
    sections = [
        Section("Why", _reasons(verdict)),
        Section("Checks", _checks(verdict)),
        Section("Expectations", _expectations(drawn)),
        Section("Boxes by obstacle class", _boxes(verdict)),
        Section("Shards", _shards(splits)),
    ]
    return page("validate · dataset", verdict=verdict.verdict, facts=facts, sections=sections)


def _reasons(verdict: Verdict) -> str:
    if not verdict.reasons:
        return figure.note("Nothing was found: the dataset may be used.")
    return figure.table(("Reason",), [(reason,) for reason in verdict.reasons])


def _checks(verdict: Verdict) -> str:
    rows = []
    for check, promise in CHECKS.items():
        count = int(verdict.metrics.get(f"findings {check}", 0))
        rows.append((check, promise, count, "FAIL" if count else "PASS"))
    return figure.table(("Check", "It holds that", "Findings", "Result"), rows)


def _expectations(drawn: Drawn[ValidateSpec]) -> str:
    if "expectations.json" not in drawn.names:
        return figure.note("There were no rows to look at.")
    outcomes = json.loads(drawn.read("expectations.json"))
    rows = [
        (o["expectation"].replace("_", " "), o["column"], o["text"], "PASS" if o["passed"] else "FAIL")
        for o in outcomes
    ]
    return _data_docs(drawn) + figure.table(("Expectation", "Columns", "Asked; found", "Result"), rows)


def _data_docs(drawn: Drawn[ValidateSpec]) -> str:
    """Link the site's pages; its result pages read well without network, its index page needs it."""
    results = [name for name in drawn.names if name.startswith("data_docs/validations/")]
    pages = [*((name, "result page") for name in results), ("data_docs/index.html", "site")]
    links = ", ".join(f'<a href="{escape(name)}">{text}</a>' for name, text in pages)
    return f"<p>Data Docs of Great Expectations, beside this page: {links}.</p>"


def _boxes(verdict: Verdict) -> str:
    bars = {name.removeprefix("boxes "): value for name, value in verdict.metrics.items() if name.startswith("boxes ")}
    ordered = dict(sorted(bars.items(), key=lambda item: -item[1]))
    return figure.svg_bars(ordered, x_label="boxes", y_label="class")


def _shards(splits: list[SplitDocument]) -> str:
    rows = [
        (
            split.split,
            shard.scene,
            f"{shard.first_episode}–{shard.first_episode + shard.episodes - 1}",
            shard.frames,
            round(sum(file.size_bytes for file in shard.files) / 1e6, 2),
            shard.content_digest,
        )
        for split in splits
        for shard in split.shards
    ]
    return figure.table(("Split", "Scene", "Episodes", "Frames", "MB", "Content digest"), rows)
