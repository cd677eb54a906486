"""simgate lineage: the tree from a live model, or any manifest, down to scene files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.tree import Tree

from simgate.cli.console import console, short, show_json, when
from simgate.cli.find import find_ref, the_channel, the_live, the_model
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, open_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.cli.runs import what
from simgate.core.artifact import ManifestRef
from simgate.core.manifest import read_manifest
from simgate.core.snapshot import read_snapshot, snapshot_domain
from simgate.core.store import Store
from simgate.release.lineage import Node
from simgate.release.lineage import lineage as lineage_of

TargetArgument = Annotated[
    str,
    typer.Argument(help="A model (default: the only one), or a manifest's key or the first characters of a run key."),
]


def lineage(
    target: TargetArgument = "",
    channel: Annotated[str, typer.Option("--channel", help="Channel; default: the model's only one.")] = "",
    files: Annotated[bool, typer.Option("--files", help="List every scene file, not only folders.")] = False,
    domain: DomainOption = "main",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show what a live model, or one run, was made from, down to scene files."""
    place = open_store(store)
    title, roots = roots_of(place, policy, domain, target, channel)
    if as_json:
        show_json({"root": title, "made_from": {role: _value(node) for role, node in roots.items()}})
        return
    console().print(draw(place, title, roots, files=files))


def roots_of(store: Store, policy: Path, domain: str, target: str, channel: str) -> tuple[str, dict[str, Node]]:
    """A title and the evidence to draw: a live model's, by role, or one manifest's."""
    if target and target not in _models(store):
        ref = find_ref(store, domain, target)
        return ref.uri, {"": lineage_of(store, ref)}
    from simgate.release.judge import judge
    from simgate.release.policy import Policy

    model = the_model(store, target)
    state = judge(store, Policy.load(policy), model).must_hold()
    channel = the_channel(state, channel)
    live = the_live(state, channel)
    title = f"{model}, live in {channel} since {when(live.since)}, candidate {short(live.candidate)}"
    return title, {role: lineage_of(store, ref) for role, ref in live.evidence.items()}


def _models(store: Store) -> list[str]:
    from simgate.cli.find import models

    return models(store)


def draw(store: Store, title: str, roots: dict[str, Node], *, files: bool) -> Tree:
    """The tree; what several things were made from is drawn once and then referred to."""
    tree = Tree(f"[bold green]{escape(title)}[/]")
    seen: set[str] = set()
    for role, node in roots.items():
        _grow(store, tree, node, seen, role=role, files=files)
    return tree


def _grow(store: Store, tree: Tree, node: Node, seen: set[str], *, role: str = "", files: bool) -> None:
    label = _label(store, node, role)
    if node.sha256 in seen:
        tree.add(f"{label} [dim](as above)[/]")
        return
    seen.add(node.sha256)
    branch = tree.add(label)
    if node.kind == "snapshot":
        _grow_files(store, branch, node, files=files)
    for parent in node.parents:
        _grow(store, branch, parent, seen, files=files)


def _label(store: Store, node: Node, role: str) -> str:
    asked = f"as [italic]{escape(role)}[/] " if role and role != node.kind else ""
    if node.kind == "snapshot":
        return f"[cyan]snapshot[/] {short(node.sha256)}"
    manifest = read_manifest(store, ManifestRef(uri=node.uri, sha256=node.sha256))
    about = f"{escape(what(manifest))} " if what(manifest) else ""
    digests = f"[dim]key[/] {short(manifest.run_key)} [dim]content[/] {short(node.content_digest)}"
    return f"{asked}[bold]{node.kind}[/] {about}{digests}"


def _grow_files(store: Store, branch: Tree, node: Node, *, files: bool) -> None:
    found = read_snapshot(store, node.sha256, snapshot_domain(node.uri)).files
    if files:
        for path, ref in sorted(found.items()):
            branch.add(f"{escape(path)} [dim]{short(ref.sha256)}[/]")
        return
    for folder, count in sorted(Counter(path.partition("/")[0] for path in found).items()):
        branch.add(f"{escape(folder)}{'/' if count > 1 else ''} [dim]{count} files[/]")


def _value(node: Node) -> dict[str, object]:
    return {
        "kind": node.kind, "uri": node.uri, "sha256": node.sha256, "content_digest": node.content_digest,
        "made_from": [_value(parent) for parent in node.parents],
    }  # fmt: skip
