"""A channel's reference: no field of a gate or of the dataset can be asked less than it says, named or not."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from simgate.core.documents.stage_spec import Spec
from simgate.core.documents.strictness import Leaf, Stricter, leaves
from simgate.core.errors import InputError, Refused
from simgate.core.storage.store import Store
from simgate.release.policy import Channel, Policy
from simgate.release.policy_warnings import policy_warnings
from simgate.release.promote import promote
from simgate.release.reference import GATES, Gate, Reference, lacking
from simgate.release.softening import looser, softenings, softer
from simgate.rows.stages import STAGES
from simgate.specs.bounds import bounds, broken_bounds
from simgate.specs.hil import HilSpec
from simgate.specs.index import SceneChoice
from simgate.specs.recipe import SceneRule
from tests.demo_recipes import demo_dataset_recipe, demo_release_recipe
from tests.release_chain import DATASET, POLICY, REFERENCE, Chain, answer, on_bench

ROOT = Path(__file__).parents[2]
FIELDS = [
    (gate, leaf)
    for gate in GATES
    for leaf in leaves(STAGES.find(gate).spec_type)
    if not leaf.stricter.bounds_each or getattr(REFERENCE.spec(gate), leaf.path)
]
"""A field that bounds each metric that it names, and names none, cannot be looser."""
NAMES = [f"{gate} {leaf.path}" for gate, leaf in FIELDS]


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")


def approve(chain: Chain, policy: Policy | None = None) -> Any:
    policy = policy or chain.policy
    entry = chain.propose(policy_sha256=policy.sha256)
    return promote(chain.store, policy, model=chain.model, channel=chain.channel, gate=answer(entry))


def demo_with(**changes: Any) -> Policy:
    demo = POLICY.channels["demo"].model_copy(update=changes)
    return POLICY.model_copy(update={"channels": {**POLICY.channels, "demo": demo}})


def reference_of(gate: Gate) -> Spec:
    spec = REFERENCE.spec(gate)
    assert spec is not None
    return spec


def changed(spec: Spec, path: str, value: Any) -> Spec:
    """The spec with one field changed, whatever its type allows."""
    *parents, name = path.split(".")
    inner = reduce(getattr, parents, spec)
    made = inner.model_copy(update={name: value})
    for depth in range(len(parents) - 1, -1, -1):
        outer = reduce(getattr, parents[:depth], spec)
        made = outer.model_copy(update={parents[depth]: made})
    return made


def values(leaf: Leaf, spec: Spec) -> tuple[Any, Any]:
    """A looser and a stricter value of a field."""
    now = reduce(getattr, leaf.path.split("."), spec)
    if isinstance(now, int | float) and not isinstance(now, bool):
        return (now + 1, now - 0.001) if leaf.stricter.way == "lower" else (now - 0.001, now + 1)
    if isinstance(now, dict) and leaf.stricter.bounds_each:
        first, *_ = now
        less, more = {**now, first: now[first] - 0.001}, {**now, first: now[first] + 0.001}
        return (more, less) if leaf.stricter.way == "lower" else (less, more)
    if isinstance(now, dict):
        return {}, {"torch": "2.13.0", "numpy": "2.0"}
    return ("other", now) if isinstance(now, str) else (not now, now) if isinstance(now, bool) else ((), now)


@pytest.mark.parametrize("gate", [*GATES, "generate"])
def test_every_field_of_every_gate_says_which_way_it_is_stricter(gate: str) -> None:
    silent = [leaf.path for leaf in leaves(STAGES.find(gate).spec_type) if leaf.declared is None]
    assert silent == [], "declare lower, higher, EQUAL or free(why) beside each: core/documents/strictness.py"


def named(leaf: Leaf, spec: Spec) -> str:
    """The field, or the first metric of a field that bounds each that it names."""
    return f"{leaf.path}.{next(iter(getattr(spec, leaf.path)))}" if leaf.stricter.bounds_each else leaf.path


@pytest.mark.parametrize(("gate", "leaf"), FIELDS, ids=NAMES)
def test_a_looser_field_is_refused_with_its_name_both_values_and_the_direction(gate: Gate, leaf: Leaf) -> None:
    reference = reference_of(gate)
    if "environment." in leaf.path:  # without a pin, none is looser
        reference = changed(reference, leaf.path, {"torch": "2.13.0"} if leaf.path.endswith("packages") else "pinned")
    loose, strict = values(leaf, reference)
    found = list(softer(gate, changed(reference, leaf.path, loose), reference))
    if leaf.stricter.way == "free":
        assert found == []
        return
    (softening,) = found
    assert (softening.gate, softening.field, softening.way) == (gate, named(leaf, reference), leaf.stricter.way)
    assert all(part in str(softening) for part in (softening.asked, softening.reference, softening.direction))
    tightened = changed(reference, leaf.path, strict)
    assert bool(list(softer(gate, tightened, reference))) == (leaf.stricter.way == "equal" and tightened != reference)


def test_a_field_that_declares_nothing_must_be_equal() -> None:
    assert Leaf("new_field", None).stricter.way == "equal"


@pytest.mark.parametrize(
    ("way", "own", "wanted"),
    [
        ("lower", math.nan, 1.0),
        ("higher", math.nan, 1.0),
        ("lower", "a", 1),
        ("higher", None, 1),
        ("lower", {}, {"a": 1}),
    ],
)
def test_what_cannot_be_compared_is_looser(way: Any, own: Any, wanted: Any) -> None:
    assert looser(way, own, wanted)


def test_a_pin_asks_more_than_none() -> None:
    assert not looser("higher", "2.13.0", "")
    assert looser("higher", "2.12.0", "2.13.0")
    assert looser("higher", "", "2.13.0")


def test_a_free_field_has_a_reason_and_no_other_has() -> None:
    for wrong in ({"way": "free"}, {"way": "lower", "why": "because"}, {"way": "equal", "bounds": ("map_50",)}):
        with pytest.raises(ValueError, match=r"reason|bounds no metric"):
            Stricter(**wrong)


def test_a_bench_without_limits_is_refused(chain: Chain) -> None:
    chain.asks = {"hil": {"limits.command_deadline_ms": 1e9, "limits.acceleration_m_s2": 1e300}}
    with pytest.raises(Refused, match=r"evidence cannot be read: spec of hil .* field limits"):
        approve(chain)


def test_a_bench_with_wider_limits_is_refused_with_each_of_them(chain: Chain) -> None:
    chain.asks = {"hil": {"limits.command_deadline_ms": 400.0, "limits.acceleration_m_s2": 5.0}}
    with pytest.raises(Refused) as refused:
        approve(chain)
    assert "limits.command_deadline_ms is 400, the channel's reference is 150 (lower is" in str(refused.value)
    assert "limits.acceleration_m_s2 is 5, the channel's reference is 4.5 (lower is stricter)" in str(refused.value)


def test_a_stricter_gate_is_released(chain: Chain) -> None:
    chain.asks = {"hil": {"limits.speed_m_s": 0.5, "bags": 3}, "evaluate": {"closed_loop.episodes": 99}}
    assert approve(chain).action == "promote"


def test_another_seed_of_a_gate_is_refused(chain: Chain) -> None:
    chain.asks = {"evaluate": {"seed": 7003}}
    with pytest.raises(Refused, match=r"seed is 7003, the channel's reference is 7001 \(must be equal\)"):
        approve(chain)


@pytest.mark.parametrize("stage", ["validate", "evaluate", "export", "hil"])
def test_a_spec_that_leaves_a_field_to_be_guessed_is_refused(
    chain: Chain, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = chain.spec
    monkeypatch.setattr(
        chain, "spec", lambda name: {k: v for k, v in whole(name).items() if name != stage or k != "version"}
    )
    with pytest.raises(Refused, match=f"{stage} was asked by older code: its spec does not say version"):
        approve(chain)


@pytest.mark.parametrize("gate", GATES)
def test_a_pass_that_its_metrics_do_not_bear_out_is_refused(chain: Chain, gate: Gate) -> None:
    bound = next(iter(bounds(reference_of(gate))))
    worse = bound.limit + (1 if bound.side == "at most" else -1)
    chain.metrics = {gate: {bound.metric: worse}}
    with pytest.raises(Refused, match=f"{gate} says PASS, but {bound.metric}"):
        approve(chain)


@pytest.mark.parametrize("gate", GATES)
def test_a_missing_metric_and_one_that_is_no_number_break_their_bound(gate: Gate) -> None:
    spec = reference_of(gate)
    good = {bound.metric: bound.limit for bound in bounds(spec)}
    assert good
    assert broken_bounds(spec, good) == []
    for bound in bounds(spec):
        without = {name: value for name, value in good.items() if name != bound.metric}
        assert any(bound.metric in reason for reason in broken_bounds(spec, without))
        assert any(bound.metric in reason for reason in broken_bounds(spec, {**good, bound.metric: math.nan}))


EVAL, TRAIN = DATASET.scenes
SCENES: list[tuple[str, tuple[SceneRule, ...], str]] = [
    ("an eval scene left out", (EVAL.model_copy(update={"name": "c"}), TRAIN), r"eval\.scenes\.a is 0"),
    ("an easy eval scene more", (EVAL, EVAL.model_copy(update={"name": "c"}), TRAIN), r'eval\.scenes is \["a","c"\]'),
    ("fewer train episodes", (EVAL, TRAIN.model_copy(update={"episodes": 1})), r"train\.scenes\.b is 1"),
    ("a train scene left out", (EVAL, TRAIN.model_copy(update={"name": "c"})), r"train\.scenes\.b is 0"),
]


@pytest.mark.parametrize(("scenes", "reason"), [row[1:] for row in SCENES], ids=[row[0] for row in SCENES])
def test_a_softened_dataset_recipe_is_refused(chain: Chain, scenes: tuple[SceneChoice, ...], reason: str) -> None:
    chain.scenes = scenes
    with pytest.raises(Refused, match=f"dataset was asked too little: {reason}"):
        approve(chain)


def test_a_larger_dataset_is_released(chain: Chain) -> None:
    chain.scenes = (EVAL.model_copy(update={"episodes": 2}), TRAIN, TRAIN.model_copy(update={"name": "c"}))
    assert approve(chain).action == "promote"


SHARDS: list[tuple[str, dict[str, Any], str]] = [
    ("another simulator", {"simulator": "isaac"}, r'simulation\.simulator is "isaac"'),
    ("smaller pictures", {"camera.width_px": 64}, r"simulation\.camera\.width_px is 64"),
    ("fewer obstacles", {"randomization.static_obstacles": [0, 0]}, "simulation.randomization.static_obstacles"),
    ("a seed of one's own", {"dataset_seed": 1}, r"simulation\.dataset_seed is 1"),
]


@pytest.mark.parametrize(("asks", "reason"), [row[1:] for row in SHARDS], ids=[row[0] for row in SHARDS])
def test_a_dataset_that_was_simulated_otherwise_is_refused(chain: Chain, asks: dict[str, Any], reason: str) -> None:
    chain.asks = {"generate": asks}
    with pytest.raises(Refused, match=f"dataset was asked too little: {reason}"):
        approve(chain)


def test_a_dataset_without_shards_is_refused(chain: Chain) -> None:
    commit = chain.commit

    def without_shards(stage: str, spec: Any, inputs: Any, outputs: Any, **more: Any) -> Any:
        return commit(stage, spec, [] if stage == "validate" else inputs, outputs, **more)

    chain.commit = without_shards  # type: ignore[method-assign]
    with pytest.raises(Refused, match="names no shard"):
        approve(chain)


def test_fewer_frames_are_refused_on_both_sides(chain: Chain) -> None:
    chain.policy = demo_with(reference=Reference.of(
        DATASET.model_copy(update={"simulation": DATASET.simulation.model_copy(update={"frames_per_episode": 3})}),
        demo_release_recipe(),
    ))  # fmt: skip
    with pytest.raises(Refused) as refused:
        approve(chain)
    for said in ("simulation.frames_per_episode is 2", "train.frames is 4", "eval.frames is 2"):
        assert said in str(refused.value)


def test_a_channel_of_nightly_datasets_takes_any_seed_of_the_dataset(chain: Chain) -> None:
    nightly = REFERENCE.model_copy(update={"dataset": REFERENCE.dataset.model_copy(update={"seeds": "any"})})
    chain.policy, chain.asks = demo_with(reference=nightly), {"generate": {"dataset_seed": 1}}
    assert approve(chain).action == "promote"


def test_softenings_are_listed_for_whoever_is_asked(chain: Chain) -> None:
    from simgate.core.runtime.manifest import read_manifest

    chain.asks = {"hil": {"max_trips": 9}}
    found = {role: read_manifest(chain.store, ref) for role, ref in chain.evidence().items()}
    (softening,) = softenings(chain.store, POLICY.channels["demo"], found)
    assert (softening.gate, softening.field, softening.asked, softening.reference) == ("hil", "max_trips", "9", "0")


@pytest.mark.parametrize("unit", ["ms", "m", "rad"])
def test_a_bench_that_lets_the_robot_go_too_far_is_refused(chain: Chain, unit: str) -> None:
    bound = getattr(reference_of("hil"), f"max_worst_motion_{unit}")
    chain.metrics = {"hil": {f"worst_motion_{unit}": bound + 0.01}}
    with pytest.raises(Refused, match=f"hil says PASS, but worst_motion_{unit}"):
        approve(chain)


def raw(**changes: Any) -> dict[str, Any]:
    """A policy file's value, one channel."""
    channel = {
        "gates": list(GATES), "benches": ["emulated"], "approvers": ["boss"], "reference": on_bench("emulated"),
    }  # fmt: skip
    people = [
        {"name": "boss", "emails": ["boss@example.org"], "airflow_ids": ["7"]},
        {"name": "robot", "emails": [], "airflow_ids": ["robot"], "automatic": True},
    ]
    return {"version": 2, "people": people, "channels": {"demo": {**channel, **changes}}}


def every_path(value: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Of every field of a reference; names of scenes and metrics are no fields."""
    found = []
    for name, item in value.items():
        found.append((*path, name))
        if isinstance(item, dict) and name not in ("scenes", "at_least", "at_most"):
            found += every_path(item, (*path, name))
    return found


PATHS = every_path(on_bench("emulated"))


@pytest.mark.parametrize("path", PATHS, ids=[".".join(path) for path in PATHS])
def test_a_reference_that_lacks_a_field_is_refused_with_its_name_and_the_remedy(path: tuple[str, ...]) -> None:
    reference = on_bench("emulated")
    del reduce(lambda inner, name: inner[name], path[:-1], reference)[path[-1]]
    with pytest.raises(InputError) as refused:
        Policy.from_value(raw(reference=reference), what="policy")
    if len(path) > 1 or path == ("dataset",):
        assert f"lacks {'.'.join(path)}" in str(refused.value)
        assert "simgate policy new --update" in str(refused.value)
    else:
        assert "the reference has" in str(refused.value)


def test_a_new_field_of_a_spec_is_refused_until_someone_decides() -> None:
    class Newer(HilSpec):
        max_jerk_m_s3: float = 9.0

    assert list(lacking(Newer, on_bench("emulated")["hil"])) == ["max_jerk_m_s3"]


BROKEN: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("an unknown field", lambda r: r["hil"].update(max_jrek=1), "max_jrek"),
    ("an unknown limit", lambda r: r["hil"]["limits"].update(speed=1), "speed"),
    ("an unknown document", lambda r: r.update(train={}), "train"),
    ("no bound", lambda r: r["hil"]["limits"].update(command_deadline_ms=None), "command_deadline_ms"),
    ("another bench", lambda r: r["hil"].update(bench="device"), "bench"),
]


@pytest.mark.parametrize(("breaks", "named"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_wrong_reference_is_refused(breaks: Callable[[dict[str, Any]], None], named: str) -> None:
    reference = on_bench("emulated")
    breaks(reference)
    with pytest.raises(InputError, match=named):
        Policy.from_value(raw(reference=reference), what="policy")


def test_a_policy_of_before_is_refused_with_the_remedy() -> None:
    value = raw(demands=[])
    del value["channels"]["demo"]["reference"]
    with pytest.raises(InputError, match=r"has demands.*simgate policy new --update"):
        Policy.from_value(value, what="policy")


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(raw()) + "people: []\n")
    with pytest.raises(InputError, match="people is there twice"):
        Policy.load(tmp_path / "policy.yaml")


def test_rights_are_the_approvers_unless_the_file_says_otherwise() -> None:
    assert Policy.from_value(raw(), what="policy").channels["demo"].waive_by == ("boss",)
    given = Policy.from_value(raw(rollback_by=[], waive_by=["robot"]), what="policy").channels["demo"]
    assert (given.rollback_by, given.waive_by) == ((), ("robot",))
    with pytest.raises(InputError, match="may waive and are not among people"):
        Policy.from_value(raw(waive_by=["nobody"]), what="policy")


def test_a_program_has_a_right_only_where_automatic_answers_count() -> None:
    both = raw(approvers=["boss", "robot"])
    people = Policy.from_value(both, what="policy").holders("demo", "rollback")
    assert [person.name for person in people] == ["boss"]
    both["channels"]["demo"]["allow_automatic"] = True
    assert len(Policy.from_value(both, what="policy").holders("demo", "rollback")) == 2


def test_a_waiver_needs_a_second_person_where_releases_are_signed() -> None:
    def second(signed: bool) -> bool:
        channel: Channel = Policy.from_value(raw(signed=signed), what="policy").channels["demo"]
        return channel.waive_second

    assert second(True)
    assert not second(False)


WARNED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("a gate less", {"gates": list(GATES[:3])}, {"hil": None}, "has no gate hil"),
    ("nobody rolls back", {"rollback_by": []}, {}, "lets nobody rollback"),
    ("one waiver", {"signed": True}, {}, "needs two people for a waiver, and one has that right"),
    ("no key", {"signed": True}, {}, "the policy trusts no key"),
    ("trips", {}, {"hil": {"max_trips": 3}}, "lets the safety monitor trip 3 times"),
    (
        "no better",
        {},
        {"evaluate": {"at_least": {"map_50": 0.11, "success_gain": 0}}},
        "no better than an untrained one",
    ),
    (
        "nothing seen",
        {},
        {"evaluate": {"at_least": {"map_50": 0, "success_gain": 0.2}}},
        "asks nothing of evaluate's map_50",
    ),
    ("any seed", {}, {"dataset": {"seeds": "any"}}, "takes a dataset of any seed"),
    ("emulated", {}, {}, "takes an emulated bench"),
]


@pytest.mark.parametrize(("changes", "asks", "warning"), [row[1:] for row in WARNED], ids=[row[0] for row in WARNED])
def test_what_lets_much_through_is_warned_of(changes: dict[str, Any], asks: dict[str, Any], warning: str) -> None:
    reference = on_bench("emulated")
    for name, fields in asks.items():
        reference[name] = {**reference[name], **fields} if fields else None
    value = raw(reference={name: item for name, item in reference.items() if item is not None}, **changes)
    assert any(warning in text for _, text in policy_warnings(Policy.from_value(value, what="policy")))


def test_a_person_is_found_under_every_name_and_no_two_share_one() -> None:
    policy = Policy.from_value(raw(), what="policy")
    found = {policy.person(identity) for identity in ("boss", "boss@example.org", "7")}
    assert found == {policy.people[0]}
    assert policy.person("nobody") is None
    value = raw()
    value["people"][1]["airflow_ids"] = ["boss"]
    with pytest.raises(InputError, match="one person's name, e-mail or Airflow id is another's"):
        Policy.from_value(value, what="policy")


def test_the_demo_meets_its_channel_to_the_letter() -> None:
    policy = Policy.load(ROOT / "examples/demo/policy.yaml")
    assert policy.channels["demo"].reference == Reference.of(demo_dataset_recipe(), demo_release_recipe())


def test_production_differs_from_the_demo_in_the_bench_alone() -> None:
    policy = Policy.load(ROOT / "examples/demo/policy.yaml")
    demo, production = (policy.channels[name].reference for name in ("demo", "production"))
    assert demo.hil is not None
    assert production == demo.model_copy(update={"hil": demo.hil.model_copy(update={"bench": "device"})})
