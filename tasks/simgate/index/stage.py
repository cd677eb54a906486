"""index: open every chosen scene of a snapshot, refuse what cannot be simulated, and plan the shards."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from simgate.core.errors import InputError
from simgate.core.given.snapshot import Snapshot, materialize
from simgate.core.runtime.work import Work
from simgate.documents.scene import ClosureFile
from simgate.index.report import draw
from simgate.index.scene_item import check_root, read_scene
from simgate.index.shard_plan import plan_shards
from simgate.rows.runtime import stage_of
from simgate.scene.lint import Finding, Lint, validator_version
from simgate.specs.index import IndexSpec

JSON = "application/json"


def run(work: Work[IndexSpec]) -> None:
    """Write `scenes/<name>.json` for every scene, `shards.json`, and the lint's findings beside them."""
    spec, snapshot = work.spec, work.inputs.snapshot()
    _check_names(spec)
    for choice in spec.scenes:
        check_root(choice, snapshot.files)
    folder = _put_on_disk(work, snapshot)
    findings: dict[str, tuple[Finding, ...]] = {}
    for number, choice in enumerate(spec.scenes):
        work.progress(number, len(spec.scenes), f"scene {choice.name}")
        item, findings[choice.name] = read_scene(choice, spec, folder, snapshot.files, work.note)
        work.outputs.write(f"scenes/{choice.name}.json", item.to_json(), JSON)
    plan = plan_shards(spec.scenes, episodes_per_shard=spec.episodes_per_shard)
    work.outputs.write("shards.json", plan.to_json(), JSON)
    work.outputs.byproduct("lint.json", Lint(validator=validator_version(), scenes=findings).to_json(), JSON)
    work.progress(len(spec.scenes), len(spec.scenes), "scenes")


def _check_names(spec: IndexSpec) -> None:
    twice = [name for name, count in Counter(choice.name for choice in spec.scenes).items() if count > 1]
    if twice:
        raise InputError(
            "field scenes.name: two scenes have one name", actual=twice[0], remedy="give each its own name"
        )


def _put_on_disk(work: Work[IndexSpec], snapshot: Snapshot) -> Path:
    folder = work.folder / "snapshot"
    folder.mkdir()
    files = [
        ClosureFile(path=path, sha256=ref.sha256, size_bytes=ref.size_bytes) for path, ref in snapshot.files.items()
    ]
    work.note("snapshot", files=len(files), size_bytes=sum(file.size_bytes for file in files))
    materialize(work.store, files, folder, work.job.domain)
    return folder


STAGE = stage_of("index", run, draw)
