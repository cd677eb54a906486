"""Evidence by family: what drives nothing needs no bench run, and what drives escapes it under no name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simgate.cli.policy import rows_of
from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.yaml_text import read_yaml
from simgate.core.errors import InputError, Refused
from simgate.core.storage.store import Store
from simgate.plan.jobs import slots_of
from simgate.plan.record import ReleaseWhy, read_why, run_folders
from simgate.release.policy import Policy
from simgate.release.policy_text import references_text
from simgate.release.policy_warnings import policy_warnings
from simgate.release.promote import promote
from simgate.release.reference import Reference
from simgate.rows.evidence import REQUIRED, required_of
from simgate.specs.export import ExportSpec
from simgate.specs.recipe import ReleaseRecipe
from simgate.specs.train import TrainSpec
from tests.release_chain import POLICY, REFERENCE, Chain, answer

ASKS: dict[str, Mapping[str, Any]] = {
    "evaluate": {
        "family": "perception", "closed_loop": None, "at_least": {"balanced_accuracy": 0.5, "box_overlap": 0.4},
        "at_most": {},
    },
    "export": {"family": "perception", "at_most": {"box.edge_share.max": 0.001, "label.score.max": 0.001}},
}  # fmt: skip


def perception_policy(**changes: Any) -> Policy:
    """A channel for models that command nothing."""
    reference = {**REFERENCE.written(), **{gate: {**REFERENCE.written()[gate], **asks} for gate, asks in ASKS.items()}}
    del reference["hil"]
    value = POLICY.model_dump(mode="json")
    demo = value["channels"]["demo"]
    demo |= {"gates": ["validate", "evaluate", "export"], "reference": reference, **changes}
    return Policy.from_value(value, what="policy")


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    store = Store(str(tmp_path / "store"))
    return Chain(store, tmp_path / "scenes", family="perception", asks=ASKS, policy=perception_policy())


def released(chain: Chain, evidence: Mapping[str, ManifestRef]) -> Any:
    entry = chain.add(chain.candidate(evidence, policy_sha256=chain.policy.sha256))
    return promote(chain.store, chain.policy, model=chain.model, channel=chain.channel, gate=answer(entry))


def without_bench(chain: Chain) -> dict[str, ManifestRef]:
    return {role: ref for role, ref in chain.evidence().items() if role != "hil"}


def test_what_is_required_follows_from_the_row() -> None:
    assert required_of("navigator") == REQUIRED
    assert required_of("perception") == ("validate", "train", "evaluate", "export")


def test_a_perception_model_is_released_by_its_pictures(chain: Chain) -> None:
    assert released(chain, without_bench(chain)).action == "promote"
    assert not any("no gate hil" in sentence for _, sentence in policy_warnings(chain.policy))


def test_a_navigator_needs_its_bench_run_whatever_the_channels_gates_are(tmp_path: Path) -> None:
    chain = Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")
    demo = POLICY.channels["demo"]
    reference = demo.reference.model_copy(update={"hil": None})
    lax = demo.model_copy(update={"gates": ("validate", "evaluate", "export"), "reference": reference})
    chain.policy = POLICY.model_copy(update={"channels": {**POLICY.channels, "demo": lax}})
    with pytest.raises(Refused, match="evidence is missing: hil"):
        released(chain, without_bench(chain))


@pytest.mark.parametrize("trained_as", ["perception", ""])
def test_a_navigator_that_was_trained_under_another_name_is_refused(tmp_path: Path, trained_as: str) -> None:
    chain = Chain(Store(str(tmp_path / "store")), tmp_path / "scenes", family=trained_as)
    with pytest.raises(Refused, match=r"evidence is missing: hil|evidence evaluate judges a navigator"):
        released(chain, without_bench(chain))
    chain = replace(chain, run="release-2")
    with pytest.raises(Refused, match="evidence evaluate judges a navigator, and the candidate was trained as"):
        released(chain, chain.evidence())


def test_a_worse_perception_model_is_refused_by_its_interval(chain: Chain) -> None:
    released(chain, without_bench(chain))
    first = chain.evidence()
    worse = replace(chain, weights=b"\x02" * 8, figures=(0.6, 0.7), run="release-2", nonce="f" * 16)
    live = replace(worse, figures=(0.8, 0.9))
    evidence = {**without_bench(worse), "evaluate_live": live.evaluate(first["train"], first["validate"])}
    with pytest.raises(Refused, match=r"significantly worse than live: balanced_accuracy is 0\.650"):
        released(worse, evidence)


def test_a_bench_as_gate_of_what_commands_nothing_is_refused_when_the_policy_is_read() -> None:
    reference = {**perception_policy().channels["demo"].reference.written(), "hil": REFERENCE.written()["hil"]}
    with pytest.raises(InputError, match="a perception commands nothing that a bench could replay"):
        perception_policy(gates=["validate", "evaluate", "export", "hil"], reference=reference)


def test_its_reference_is_written_whole_and_read_again() -> None:
    reference = perception_policy().channels["demo"].reference
    text = references_text({"demo": reference})
    assert "closed_loop: null" in text
    value = read_yaml(text.encode(), what="references")["x-references"]["demo"]
    assert Reference.from_value(value, what="reference") == reference


def test_a_release_run_of_what_commands_nothing_has_no_bench_slot(tiny_store: Store) -> None:
    found = (read_why(tiny_store, folder) for folder in run_folders(tiny_store, "main"))
    why = next(item for item in found if isinstance(item, ReleaseWhy))
    assert [slot.name.stage for slot in slots_of(tiny_store, why, "hil")] == ["hil"]
    recipe = ReleaseRecipe(
        name="eyes", dataset="rooms", model="eyes", channel="demo",
        train=TrainSpec(family="perception", device="cpu", precision="fp32", seed=1, world_size=1),
        export=ExportSpec(family="perception", target="onnxruntime-cpu"),
        at_least={"balanced_accuracy": 0.5, "box_overlap": 0.4},
    )  # fmt: skip
    undriven = why.model_copy(update={"recipe": recipe})
    assert slots_of(tiny_store, undriven, "hil") == ()
    asked = recipe.evaluate_spec(why.simulation, "warehouse")
    assert (asked.family, asked.closed_loop) == ("perception", None)
    (slot,) = slots_of(tiny_store, undriven, "train")
    assert slot.job.spec["network"]["image_edge_px"] == 224


def test_a_channel_without_a_closed_loop_is_explained_too() -> None:
    fields = [path for path, _, _ in rows_of(perception_policy().channels["demo"].reference)]
    assert "evaluate.at_least" in fields
    assert not [path for path in fields if path.startswith("evaluate.closed_loop.")]
