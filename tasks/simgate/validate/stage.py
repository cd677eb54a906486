"""validate: is this a dataset? PASS or FAIL with reasons; a FAIL is kept, and nothing is trained on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from statistics import median

import pandas as pd
import pyarrow.parquet as pq

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import InputError
from simgate.core.runtime.work import Work
from simgate.documents.dataset import DatasetDocument, SplitDocument
from simgate.documents.scene import SceneItem
from simgate.rows.runtime import stage_of
from simgate.specs.bounds import bounds
from simgate.specs.generate import GenerateSpec
from simgate.specs.validate import ValidateSpec
from simgate.specs.vocabulary import OBSTACLES
from simgate.validate.docs import site_files
from simgate.validate.expectations import BLANK_STD, expectations
from simgate.validate.finding import CHECKS, Findings
from simgate.validate.report import draw
from simgate.validate.shard_truth import DataShard, ShardCheck
from simgate.validate.split import check_apart, check_recipe, split_document

JSON = "application/json"
OF_THE_WHOLE = ("frames train", "frames eval", "obstacle classes", "median goal progress m")
"""Metrics that no check of a single sample stands behind."""
LIST_COLUMNS = "box_"
"""Prefix of the list columns of the rows; the suite reads plain ones."""


def run(work: Work[ValidateSpec]) -> None:
    """Check every shard, then the whole; write splits, dataset document and verdict."""
    _refuse_canary(work.spec)
    shards = _shards(work)
    findings = Findings()
    check_recipe(shards, findings)
    check_apart([shard.item for shard in shards], findings)
    checks = [_check_shard(work, shard, findings, number, len(shards)) for number, shard in enumerate(shards)]
    rows = _read_rows(work, shards, findings)
    work.progress(len(shards), len(shards), "Great Expectations")
    _check_expectations(work, rows, shards[0].spec, findings)
    frames = {check.shard.manifest.content_digest: check.frames for check in checks}
    splits = {side: split_document(side, shards, frames) for side in ("train", "eval")}
    progress_m = [value for check in checks for value in check.goal_progress_m]
    metrics = _metrics(splits, rows, progress_m, checks)
    _check_bounds(work.spec, metrics, findings)
    _write(work, splits, findings, {**metrics, **_counted(findings)})


def _refuse_canary(spec: ValidateSpec) -> None:
    if spec.bitwise_recheck_shards:
        raise InputError(
            "field bitwise_recheck_shards: validate has no simulator",
            actual=spec.bitwise_recheck_shards,
            expected=0,
            remedy="make shards again with generate under a new run and compare their content digests",
        )


def _shards(work: Work[ValidateSpec]) -> list[DataShard]:
    """Return the shards by side, scene and episode: the job's order changes nothing."""
    shards = []
    for manifest in work.inputs.manifests("generate"):
        spec = manifest.spec_as(GenerateSpec)
        name = f"scenes/{spec.scene}.json"
        shards.append(DataShard(manifest, spec, SceneItem.from_json(work.inputs.read("index", name), what=name)))
    if not shards:
        raise InputError("job has no generate input", expected="at least one shard", remedy="plan again")
    return sorted(shards, key=lambda s: (s.item.split != "train", s.spec.scene, s.spec.first_episode))


def _check_shard(work: Work[ValidateSpec], shard: DataShard, findings: Findings, number: int, total: int) -> ShardCheck:
    work.progress(number, total, f"shard {shard.name}")
    _check_provenance(work, shard, findings)
    folder = work.folder / f"shard-{number}"

    def fetch(output: str) -> Path:
        return work.inputs.fetch_of(shard.manifest, output, folder / output)

    check = ShardCheck(shard, work.spec, findings, fetch)
    check.run()
    (folder / "shard.tar").unlink(missing_ok=True)
    return check


def _check_provenance(work: Work[ValidateSpec], shard: DataShard, findings: Findings) -> None:
    name = f"scenes/{shard.item.name}.json"
    indexed = work.inputs.manifest("index").artifact(name).sha256
    used = [link.annotations.key_part for link in shard.manifest.dependencies if link.name == "index"]
    if used != [indexed]:
        text = f"made from {name} {', '.join(part[:12] for part in used) or 'none'}, indexed is {indexed[:12]}"
        findings.add("provenance", shard.name, text)


def _read_rows(work: Work[ValidateSpec], shards: list[DataShard], findings: Findings) -> pd.DataFrame:
    """Return all rows, without their lists, with the side they are on."""
    frames = []
    for number, shard in enumerate(shards):
        path = work.folder / f"shard-{number}" / "rows.parquet"
        try:
            schema = pq.read_schema(path)
            plain = [name for name in schema.names if not name.startswith(LIST_COLUMNS)]
            frames.append(pq.read_table(path, columns=plain).to_pandas().assign(split=shard.item.split))
        except (OSError, ValueError) as error:
            findings.add("readable", shard.name, f"rows.parquet: {error}")
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _check_expectations(work: Work[ValidateSpec], rows: pd.DataFrame, recipe: GenerateSpec, findings: Findings) -> None:
    if rows.empty:
        findings.add("expectation", "rows", "there are none")
        return
    from simgate.validate.suite import run_suite  # seconds to import: only once there is something to check

    docs = work.folder / "data_docs"
    expected = list(expectations(recipe, work.spec))
    outcomes = run_suite(rows, expected, docs=docs, name=work.run_key[:12])
    for outcome in outcomes:
        if not outcome.passed:
            findings.add("expectation", f"{outcome.expectation} of {outcome.column}", outcome.text)
    listed = canonical_json([asdict(outcome) for outcome in outcomes])
    work.outputs.byproduct("expectations.json", listed, JSON)
    for file in site_files(docs):
        work.outputs.byproduct(f"data_docs/{file.name}", file.data, file.media_type)


def _metrics(
    splits: dict[str, SplitDocument], rows: pd.DataFrame, progress_m: list[float], checks: list[ShardCheck]
) -> dict[str, float]:
    """Measure every metric that the spec bounds; one that cannot be measured is left out and so breaks its bound."""
    boxes = {f"boxes {label}": float(rows[f"boxes_{label}"].sum()) for label in OBSTACLES if f"boxes_{label}" in rows}
    worst = {"largest depth m": "depth_max_m", "largest invalid depth fraction": "depth_invalid_fraction"}
    found = {f"frames {side}": float(document.frames) for side, document in splits.items()} | boxes
    found["obstacle classes"] = float(sum(count > 0 for count in boxes.values()))
    found["least box mask IoU"] = min((check.least_box_iou for check in checks), default=1.0)
    if progress_m:
        found["median goal progress m"] = round(median(progress_m), 6)
    found |= {name: float(rows[column].max()) for name, column in worst.items() if column in rows}
    if "rgb_std_g" in rows:
        found["blank fraction"] = float((rows["rgb_std_g"] < BLANK_STD).mean())
    return {name: value for name, value in found.items() if isfinite(value)}


def _check_bounds(spec: ValidateSpec, metrics: dict[str, float], findings: Findings) -> None:
    """Check every bound. A bound that is checked on each sample has its findings, with their places, already."""
    clean = findings.passed
    for bound in bounds(spec):
        if bound.field and (clean or bound.metric in OF_THE_WHOLE) and (problem := bound.problem(metrics)):
            findings.add("enough", "dataset", problem)


def _counted(findings: Findings) -> dict[str, float]:
    by_check = {f"findings {check}": float(findings.counts.get(check, 0)) for check in CHECKS}
    return {**by_check, "findings": float(sum(findings.counts.values()))}


def _write(
    work: Work[ValidateSpec], splits: dict[str, SplitDocument], findings: Findings, metrics: dict[str, float]
) -> None:
    written = {side: document.to_json() for side, document in splits.items()}
    for side, data in written.items():
        work.outputs.write(f"splits/{side}.json", data, JSON)
    dataset = DatasetDocument(
        status="PASS" if findings.passed else "quarantined",
        train_sha256=sha256_hex(written["train"]),
        eval_sha256=sha256_hex(written["eval"]),
        frames=sum(document.frames for document in splits.values()),
        episodes=sum(shard.episodes for document in splits.values() for shard in document.shards),
    )
    work.outputs.write("dataset.json", dataset.to_json(), JSON)
    work.outputs.verdict(findings.passed, findings.reasons, metrics)
    work.note("validated", status=dataset.status, **Counter(findings.counts))


STAGE = stage_of("validate", run, draw)
