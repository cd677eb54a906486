"""A signed channel in Airflow: each task signs in its own role's name, and nothing unsigned is proposed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from simgate.core.identity.signature import Signer, encode, new_private_key
from simgate.core.storage.credentials import ROLE_KEYS, SIGNING_KEY_NAME
from simgate.core.storage.store import Store
from simgate.release.candidate import candidates
from simgate.rows.roles import role_of_stage
from simgate_airflow.gate import promotion
from simgate_airflow.run import dataset_run, release_run
from tests.e2e.conftest import POLICY
from tests.plugins.test_runs import built, context, make
from tests.plugins.wire import Wire
from tests.raw_ledger import Ledger
from tests.release_chain import answer

SIGNING = ("gate-main", "planner-main", "approval", "ledger")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder a role; those that sign have a key."""
    folder = tmp_path / "keys"
    for role in (*SIGNING, "stage-main", "pusher-main", "reader"):
        (folder / role).mkdir(parents=True)
    for role in SIGNING:
        (folder / role / SIGNING_KEY_NAME).write_bytes(new_private_key())
        (folder / role / SIGNING_KEY_NAME).chmod(0o600)
    return folder


@pytest.fixture
def store(tmp_path: Path, keys: Path, wire: Wire) -> Store:
    trusted = [
        {"id": signer.keyid, "role": role.partition("-")[0], "public_key": encode(signer.public_key)}
        for role in SIGNING
        if (signer := Signer.load(keys / role)) is not None
    ]
    channels: Any = POLICY["channels"]
    demo = {**channels["demo"], "signed": True}
    policy = {**POLICY, "channels": {**channels, "demo": demo}, "keys": trusted}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy))
    url = str(tmp_path / "store")
    wire({"SIMGATE_STORE": url, "SIMGATE_POLICY": str(tmp_path / "policy.yaml"), "SIMGATE_KEYS": str(keys)})
    return Store(url)


def make_as(keys: Path | None, monkeypatch: pytest.MonkeyPatch, store: Store, run: Context, *stages: str) -> None:
    """Make stages, each under the keys of its own role; None: under nobody's."""
    for stage in stages:
        if keys is None:
            monkeypatch.delenv(ROLE_KEYS, raising=False)
        else:
            monkeypatch.setenv(ROLE_KEYS, str(keys / f"{role_of_stage(stage)}-main"))
        make(store, run, stage)
    monkeypatch.delenv(ROLE_KEYS, raising=False)


def planned(store: Store, folder: Path) -> Context:
    dataset_run.publish(built(store, folder, "scheduled__1"))
    run = context("release_model.navigator", "manual__1", kind="manual", who="engineer")
    release_run.plan(run)
    return run


def test_a_gate_s_unsigned_manifest_is_refused_before_anybody_is_asked(
    store: Store, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ROLE_KEYS, str(keys / "gate-main"))
    run = planned(store, tmp_path / "scenes")
    make_as(keys, monkeypatch, store, run, "train", "evaluate", "export")
    make_as(None, monkeypatch, store, run, "hil")
    with pytest.raises(AirflowFailException, match=r"hil/.* is not signed: a gate key must sign it"):
        release_run.propose_candidate(run)
    assert candidates(store, "navigator", "demo").newest() is None


def test_gates_planner_and_ledger_sign_and_the_model_goes_live(
    store: Store, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ROLE_KEYS, str(keys / "gate-main"))
    run = planned(store, tmp_path / "scenes")
    make_as(keys, monkeypatch, store, run, "train", "evaluate", "export", "hil")
    release_run.propose_candidate(run)
    entry = candidates(store, "navigator", "demo").newest()
    assert entry is not None
    by_manager = {"responder_id": "release-manager", "assigned_ids": ("release-manager",)}
    monkeypatch.setattr(promotion, "gate_of", lambda *_arguments: answer(entry, **by_manager))
    assert promotion.promote(run)["ledger_entry"] == "1"
    planner, ledger = (Signer.load(keys / role) for role in ("planner-main", "ledger"))
    assert planner is not None
    assert ledger is not None
    proposed = candidates(store, "navigator", "demo").line(1).envelope
    (written,) = (line.envelope for line in Ledger(store, "navigator").lines())
    assert proposed is not None
    assert written is not None
    assert proposed.signed_by(planner.public_key)
    assert written.signed_by(ledger.public_key)
