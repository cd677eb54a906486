"""Policy update: a policy file's references, filled in where code has fields that nobody has decided about yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from simgate.core.documents.canonical import canonical_json
from simgate.core.documents.strictness import document_in
from simgate.core.documents.yaml_text import read_yaml
from simgate.release.policy_text import block_of, references_text, with_references
from simgate.release.reference import GATE_FIELDS, Reference

TEMPLATE = """\
# Who may release what. `simgate` reads it at plan time and again at promotion; a change in between refuses the
# candidate.
version: 2

# People, under every name that systems know them by: write yours. An author who is not here blocks every approval, and
# nobody approves their own work.
people:
{author}  - name: release-manager
    emails: [release@example.org]
    airflow_ids: [release-manager]

{references}
# Public keys whose signatures count: `simgate keys new` prints entries to paste here.
keys: []

channels:
  {channel}:
    gates: [{gates}]
    reference: *{channel}
    benches: [{bench}]
    approvers: [release-manager]
"""

RELEASE_MANAGER = ("release-manager", "release@example.org")
"""Names of one who is in every new policy already."""
AUTHOR = """\
  - name: author
    emails: [{email}]
    airflow_ids: [engineer]
"""


@dataclass
class Update:
    """A policy file's new text, and warnings about it."""

    text: str
    added: list[str] = field(default_factory=list)
    """Fields that were missing, with the value that the recipes have: to be decided."""
    dropped: list[str] = field(default_factory=list)
    """Fields that no spec has."""


def new_policy(channel: str, asked: Reference, author: str) -> str:
    """Return a policy file for one channel, with the recipes as its reference; `author` pushes scenes."""
    bench = asked.hil.bench if asked.hil else "emulated"
    references = references_text({channel: asked})
    people = "" if author in RELEASE_MANAGER else AUTHOR.format(email=json.dumps(author))
    return TEMPLATE.format(
        author=people, references=references, channel=channel, gates=", ".join(asked.gates), bench=bench
    )


def updated(text: str, asked: Reference, channels: Sequence[str]) -> Update:
    """Return the file with whole references: every value that is there stays, a missing one is the recipes'.

    `channels` are to have one even where the file has none for them yet.
    """
    found = read_yaml(block_of(text).encode(), what="the policy's references")
    own: dict[str, Any] = (found or {}).get("x-references") or {}
    update = Update("")
    references = {}
    for name in dict.fromkeys([*own, *channels]):
        value = own.get(name) or {}
        wanted = asked.written()
        if value:  # a channel without a gate is meant so
            wanted = {key: item for key, item in wanted.items() if key in value or key not in GATE_FIELDS}
        references[name] = Reference.from_value(
            _merged(Reference, value, wanted, name, update), what=f"the reference of channel {name}"
        )
    update.text = with_references(text, references)
    return update


def _merged(
    model: type[BaseModel], own: Mapping[str, Any], wanted: Mapping[str, Any], path: str, update: Update
) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        nested = document_in(info.annotation)
        where = f"{path}.{name}"
        if name in own and nested is not None and isinstance(own[name], dict):
            inner = wanted.get(name)
            merged[name] = _merged(nested, own[name], inner if isinstance(inner, dict) else {}, where, update)
        elif name in own:
            merged[name] = own[name]
        elif name in wanted:
            merged[name] = wanted[name]
            update.added.append(f"{where}: {canonical_json(wanted[name]).decode()}")
    update.dropped += [f"{path}.{name}" for name in own if name not in model.model_fields]
    return merged
