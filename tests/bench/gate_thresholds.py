"""Both sides of evaluate's thresholds: several trained seeds against the planted failures, through the real stages.

    python -m tests.bench.gate_thresholds --store .simgate/store [--seeds 5] [--pairs 12] [--json bench/gates.json]

Needs a store with a committed validate manifest; works in a domain of its own, and a second call goes on where the
first one stopped. A planted failure is caught when at least one metric separates it from the worst trained seed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.stage_spec import Spec
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.job import Input, ManifestInput
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.memo import committed, read_memo
from simgate.core.storage.store import Store
from simgate.documents.dataset import SplitDocument
from simgate.plan.jobs import make_job
from simgate.specs.evaluate import ClosedLoopSpec, EvaluateSpec
from simgate.specs.generate import GenerateSpec
from tests.demo_recipes import demo_release_recipe

DOMAIN = "pr-900000"
RISING = {"map_50": True, "command_error": False, "success_gain": True}
"""Gated metrics, and whether more is better."""


@dataclass(frozen=True, slots=True)
class Row:
    """One judged network."""

    kind: str
    seed: int
    metrics: dict[str, float]


def main() -> int:
    """Train, judge, and print the table; 1 if a planted failure would pass."""
    arguments = _arguments()
    bench = Bench(Store(arguments.store), arguments.pairs)
    rows = list(bench.rows(arguments.seeds))
    console = Console(width=130)
    console.print(_all_rows(rows))
    console.print(_sides(rows))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps([[r.kind, r.seed, r.metrics] for r in rows], indent=1))
    missed = [kind for kind in _planted(rows) if not any(_threshold(rows, m, kind) for m in RISING)]
    for kind in missed:
        console.print(f"no metric tells {kind} from the worst trained seed", style="red")
    return 1 if missed else 0


class Bench:
    """Runs the stages as a pipeline would, each job a process."""

    def __init__(self, store: Store, pairs: int) -> None:
        self._store = store
        self._pairs = pairs
        self._recipe = demo_release_recipe()
        self._validate = _newest_validate(store)

    def rows(self, seeds: int) -> Iterator[Row]:
        """Every trained seed, the same with swapped channels, and as many untrained and shuffled ones as planted."""
        base = self._recipe.train
        for seed in range(1, seeds + 1):
            trained = base.model_copy(update={"seed": seed})
            yield self._judge("trained", seed, trained)
            yield self._judge("swapped channels", seed, trained, swap_channels=True)
        for seed in range(1, min(seeds, 2) + 1):
            yield self._judge("untrained", seed, base.model_copy(update={"seed": seed, "epochs": 0}))
            yield self._judge("shuffled labels", seed, base.model_copy(update={"seed": seed, "shuffle_labels": True}))

    def _judge(self, kind: str, seed: int, train: Spec, *, swap_channels: bool = False) -> Row:
        model = self._run("train", train, [ManifestInput(ref=self._validate, output="splits/train.json")])
        spec = self._evaluate_spec(swap_channels=swap_channels)
        judged = self._run("evaluate", spec, [ManifestInput(ref=model), self._eval_split()])
        verdict = read_verdict(self._store, read_manifest(self._store, judged))
        metrics = dict(verdict.metrics) if verdict else {}
        print(kind, seed, {name: round(metrics[name], 3) for name in RISING}, file=sys.stderr, flush=True)
        return Row(kind, seed, metrics)

    def _eval_split(self) -> ManifestInput:
        return ManifestInput(ref=self._validate, output="splits/eval.json")

    def _evaluate_spec(self, *, swap_channels: bool) -> EvaluateSpec:
        recipe, drives = self._recipe, self._drives()
        return EvaluateSpec(
            device=drives.device,
            seed=recipe.evaluate_seed,
            closed_loop=ClosedLoopSpec(episodes=self._pairs, max_steps=recipe.closed_loop_max_steps, generate=drives),
            baseline_seed=recipe.baseline_seed,
            family=recipe.train.family,
            at_least=recipe.at_least,
            at_most=recipe.at_most,
            swap_channels=swap_channels,
        )

    def _drives(self) -> GenerateSpec:
        manifest = read_manifest(self._store, self._validate)
        data = self._store.read(manifest.artifact("splits/eval.json"))
        entry = SplitDocument.from_json(data, what="splits/eval.json").shards[0]
        links = [link for link in manifest.dependencies if link.annotations.content_digest == entry.content_digest]
        made = GenerateSpec.from_value(read_manifest(self._store, links[0].ref).spec, what="spec of generate")
        changes = {"dataset_seed": self._recipe.evaluate_seed, "first_episode": 0, "episodes": self._pairs}
        return made.model_copy(update=changes)

    def _run(self, stage: str, spec: Spec, inputs: Sequence[Input]) -> ManifestRef:
        job = make_job(stage, spec, inputs, domain=DOMAIN, run_record=f"plans/{DOMAIN}/gates")
        key = key_parts(job, load_inputs(self._store, job)).run_key
        if (found := committed(self._store, job, key)) is not None:
            return found
        uri = f"plans/{DOMAIN}/gates/{stage}-{key[:16]}.json"
        self._store.put(uri, job.to_json())
        command = [sys.executable, "-m", "simgate", stage, "--job", uri, "--out", self._store.url]
        done = subprocess.run(command, capture_output=True, text=True)
        ref = committed(self._store, job, key)
        if done.returncode or ref is None:
            raise SystemExit(f"{stage} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return ref


def _newest_validate(store: Store) -> ManifestRef:
    refs = [ref for key in store.keys("memo/main") if (ref := read_memo(store, key)) and "/validate/" in ref.uri]
    if not refs:
        raise SystemExit("the store has no committed validate manifest: make a dataset first")

    def finished(ref: ManifestRef) -> str:
        manifest: Manifest = read_manifest(store, ref)
        return manifest.predicate.run_details.metadata.finished_on

    return max(refs, key=finished)


def _planted(rows: Sequence[Row]) -> list[str]:
    return sorted({row.kind for row in rows} - {"trained"})


def _worst(rows: Sequence[Row], metric: str) -> float:
    values = [row.metrics[metric] for row in rows if row.kind == "trained"]
    return min(values) if RISING[metric] else max(values)


def _best(rows: Sequence[Row], metric: str, kind: str) -> float:
    values = [row.metrics[metric] for row in rows if row.kind == kind]
    return max(values) if RISING[metric] else min(values)


def _threshold(rows: Sequence[Row], metric: str, kind: str) -> float | None:
    """Half way between the worst trained seed and the best of a planted kind; None if they do not separate."""
    good, bad = _worst(rows, metric), _best(rows, metric, kind)
    separate = good > bad if RISING[metric] else good < bad
    return (good + bad) / 2 if separate else None


def _all_rows(rows: Sequence[Row]) -> Table:
    names = [*RISING, "success_rate", "collision_rate", "baseline_success_rate"]
    table = Table("network", "seed", *names, title="Every network")
    for row in sorted(rows, key=lambda item: (item.kind != "trained", item.kind, item.seed)):
        table.add_row(row.kind, str(row.seed), *(f"{row.metrics[name]:.3f}" for name in names))
    return table


def _sides(rows: Sequence[Row]) -> Table:
    table = Table("metric", "planted failure", "its best", "worst trained", "half way", title="Both sides")
    for metric in RISING:
        for kind in _planted(rows):
            half_way = _threshold(rows, metric, kind)
            shown = "does not separate" if half_way is None else f"{half_way:.3f}"
            table.add_row(metric, kind, f"{_best(rows, metric, kind):.3f}", f"{_worst(rows, metric):.3f}", shown)
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Both sides of evaluate's thresholds.")
    parser.add_argument("--store", required=True, help="a store with a committed validate manifest")
    parser.add_argument("--seeds", type=int, default=5, help="trained networks")
    parser.add_argument("--pairs", type=int, default=12, help="closed-loop pairs of each evaluation")
    parser.add_argument("--json", type=Path, help="also write the rows there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
