"""Peak resident set and wall time of every real stage, read from the evidence of a tiny run."""

from __future__ import annotations

from simgate.core.identity.environment import Observed
from simgate.core.runtime.manifest import parse_manifest
from simgate.core.storage.store import Store
from tests.bench.tables import publish

GENERATE_LIMIT_MB = 800


def test_peak_rss_of_each_stage(tiny_store: Store) -> None:
    rows = []
    for key in tiny_store.keys("runs"):
        if key.endswith("/manifest.json"):
            manifest = parse_manifest(tiny_store.get(key), what=key)
            observed = Observed.from_json(tiny_store.read(manifest.artifact("observed.json")), what="observed")
            rss_mb = observed.cost.peak_rss_bytes / 1e6
            rows.append(
                {
                    "what": manifest.stage,
                    "peak RSS MB": rss_mb,
                    "wall s": observed.cost.wall_s,
                    "cold start s": observed.cost.cold_start_s,
                }
            )
    publish("memory", rows, note=f"largest process of each stage; generate may have {GENERATE_LIMIT_MB} MB")
    assert rows
