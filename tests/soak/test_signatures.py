"""No byte of the evidence, scenes, candidate, answer, policy or ledger of a live model can change unnoticed by verify.

Records of runs (`plans/`) are held by their people alone, whom the signed candidate names.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.unit.test_release_signatures import begin, propose, verify

SEED = int(os.environ.get("SIMGATE_SOAK_SEED", "1"))
FLIPS = 150
COVERED = ("approvals/", "candidates/", "files/", "ledger/", "policies/", "runs/", "snapshots/")


def test_any_flipped_byte_under_a_live_model_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    release, draws = propose(begin(tmp_path)), random.Random(SEED)
    release.promote()
    assert verify(release, monkeypatch, capsys)[0] == 0
    keys = [key for prefix in COVERED for key in release.store.keys(prefix.rstrip("/"))]
    assert {key.partition("/")[0] + "/" for key in keys} == set(COVERED)
    for number in range(FLIPS):
        key = draws.choice(keys)
        path = release.path(key)
        good = path.read_bytes()
        broken = bytearray(good)
        broken[draws.randrange(len(broken))] ^= 1 << draws.randrange(8)
        path.write_bytes(broken)
        code, report = verify(release, monkeypatch, capsys)
        path.write_bytes(good)
        assert code == 3, f"seed {SEED}, flip {number}: {key} changed and nobody noticed"
        assert report["findings"]
