"""simgate lineage: the tree from a live model, or any manifest, down to scene files, or what changed since the last."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.tree import Tree

from simgate.cli.console import console, plain, short, show_json, show_table, when
from simgate.cli.difference import Change, Difference, difference
from simgate.cli.find import find_ref, live_and_previous, models, the_channel, the_model
from simgate.cli.made_from import SNAPSHOT, MadeFrom, made_from, scene_files
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, present_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.cli.runs import what
from simgate.core.errors import InputError
from simgate.core.storage.store import Store
from simgate.release.entry import LiveModel

TargetArgument = Annotated[
    str,
    typer.Argument(
        help="A model (default: the only one), a manifest's key, the first characters of a run key, or a stage's name."
    ),
]


def lineage(
    target: TargetArgument = "",
    channel: Annotated[str, typer.Option("--channel", help="Channel; default: the model's only one.")] = "",
    files: Annotated[bool, typer.Option("--files", help="List every scene file, not only folders.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show only differences from the model that was live before.")
    ] = False,
    domain: DomainOption = "main",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show everything that a live model, or one run, was made from, down to scene files."""
    place = present_store(store)
    if diff:
        _show_difference(place, policy, target, channel, as_json=as_json)
        return
    title, roots = roots_of(place, policy, domain, target, channel)
    if as_json:
        show_json({"root": title, "made_from": {role: _value(node) for role, node in roots.items()}})
        return
    console().print(draw(place, title, roots, files=files))


def roots_of(store: Store, policy: Path, domain: str, target: str, channel: str) -> tuple[str, dict[str, MadeFrom]]:
    """Return a title and the evidence to draw: a live model's, by role, or one manifest's."""
    if target and target not in models(store):
        ref = find_ref(store, domain, target)
        return ref.uri, made_from(store, {"": ref})
    model, channel, live, _ = _live(store, policy, target, channel)
    return _title(model, channel, live), made_from(store, {str(role): ref for role, ref in live.evidence.items()})


def _live(store: Store, policy: Path, target: str, channel: str) -> tuple[str, str, LiveModel, LiveModel | None]:
    """Return model, channel, the live model and the one before."""
    from simgate.release.judge import judge
    from simgate.release.policy import Policy

    model = the_model(store, target)
    state = judge(store, Policy.load(policy), model).must_hold()
    channel = the_channel(state, channel)
    return model, channel, *live_and_previous(state, channel)


def _title(model: str, channel: str, live: LiveModel) -> str:
    return f"{model}, live in {channel} since {when(live.since)}, candidate {short(live.candidate)}"


def _show_difference(store: Store, policy: Path, target: str, channel: str, *, as_json: bool) -> None:
    model, channel, live, before = _live(store, policy, target, channel)
    if before is None:
        raise InputError(
            f"no model was live in channel {channel} of {model} before this one", remedy="leave --diff away"
        )
    found = difference(store, before, live)
    if as_json:
        show_json({
            "live": live.candidate, "before": before.candidate, "same_stages": found.same,
            "files": [_change(item) for item in found.files], "stages": [_change(item) for item in found.stages],
            "fields": [_change(item) for item in found.fields], "damaged": list(found.damaged),
        })  # fmt: skip
        return
    console().print(f"[bold green]{plain(_title(model, channel, live))}[/]")
    console().print(f"against candidate {short(before.candidate)}, live since {when(before.since)}")
    _show_tables(found)


def _show_tables(found: Difference) -> None:
    if found.files:
        rows = [(item.word, item.name) for item in found.files]
        show_table(("", "scene file"), rows, title="\n[bold]scene files[/]")
    if found.stages:
        rows3 = [(item.name, short(item.before) or "none", short(item.now) or "none") for item in found.stages]
        show_table(("stage", "content before", "content now"), rows3, title="\n[bold]stages with other content[/]")
    if found.fields:
        rows3 = [(item.name, item.before or "none", item.now or "none") for item in found.fields]
        show_table(("field of a spec", "before", "now"), rows3, title="\n[bold]what was asked differently[/]")
    for key in found.damaged:
        console().print(f"[red]damaged[/], what it says is not compared: {plain(key)}")
    counts = (len(found.files), len(found.stages), found.same, len(found.fields))
    console().print(
        "\n{} scene files differ, {} stages have other content and {} the same, {} fields differ".format(*counts)
    )


def _change(item: Change) -> dict[str, str]:
    return {"name": item.name, "change": item.word, "before": item.before, "now": item.now}


def draw(store: Store, title: str, roots: dict[str, MadeFrom], *, files: bool) -> Tree:
    """Draw the tree; a node with several children is drawn once and then referred to."""
    tree = Tree(f"[bold green]{plain(title)}[/]")
    seen: set[str] = set()
    for role, node in roots.items():
        _grow(store, tree, node, seen, role=role, files=files)
    return tree


def _grow(store: Store, tree: Tree, node: MadeFrom, seen: set[str], *, role: str = "", files: bool) -> None:
    label = _label(node, role)
    if node.ref.sha256 in seen:
        tree.add(f"{label} [dim](as above)[/]")
        return
    seen.add(node.ref.sha256)
    branch = tree.add(label)
    if node.kind == SNAPSHOT:
        _grow_files(store, branch, node, files=files)
    for parent in node.parents:
        _grow(store, branch, parent, seen, files=files)


def _label(node: MadeFrom, role: str) -> str:
    asked = f"as [italic]{plain(role)}[/] " if role and role != node.kind else ""
    if node.kind == SNAPSHOT:
        return f"[cyan]snapshot[/] {short(node.ref.sha256)}"
    if node.manifest is None:
        return f"{asked}[bold]{plain(node.kind)}[/] [red]damaged[/] {plain(node.ref.uri)}"
    about = f"{plain(what(node.manifest))} " if what(node.manifest) else ""
    digests = f"[dim]key[/] {short(node.manifest.run_key)} [dim]content[/] {short(node.content_digest)}"
    return f"{asked}[bold]{plain(node.kind)}[/] {about}{digests}"


def _grow_files(store: Store, branch: Tree, node: MadeFrom, *, files: bool) -> None:
    found = scene_files(store, node)
    if files:
        for path, ref in sorted(found.items()):
            branch.add(f"{plain(path)} [dim]{short(ref.sha256)}[/]")
        return
    for folder, count in sorted(Counter(path.partition("/")[0] for path in found).items()):
        branch.add(f"{plain(folder)}{'/' if count > 1 else ''} [dim]{count} files[/]")


def _value(node: MadeFrom) -> dict[str, object]:
    return {
        "kind": node.kind, "uri": node.ref.uri, "sha256": node.ref.sha256, "content_digest": node.content_digest,
        "damaged": node.damaged, "made_from": [_value(parent) for parent in node.parents],
    }  # fmt: skip
