"""Story: what one store says about the way of its live model, every number read from evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from simgate.cli.find import the_channel, the_live, the_model
from simgate.core.documents.document import Document
from simgate.core.given.snapshot import Snapshot, read_snapshot
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.store import Store
from simgate.data.sample import Sample
from simgate.data.shard import read_shard
from simgate.release.entry import ChannelState, LedgerEntry, LiveModel
from simgate.release.judge import judge
from simgate.release.policy import Policy

D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Edit:
    """The snapshot before (None: there is none) and after, and the files that differ."""

    before: Snapshot | None
    after: Snapshot
    changed: tuple[str, ...]


class Story:
    """The live model of a store's only channel, and everything it was made from."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.model = the_model(store, "")
        self._state = judge(store, Policy.load(Path("examples/demo/policy.yaml")), self.model).must_hold()
        self.channel = the_channel(self._state, "")
        self.live = the_live(self._state, self.channel)
        self._runs = {role: read_manifest(store, ref) for role, ref in self.live.evidence.items()}

    @property
    def ledger(self) -> list[LedgerEntry]:
        """Every decision, oldest first."""
        return list(self._state.entries)

    @property
    def edit(self) -> Edit:
        """What was edited since the model that was live before."""
        channel: ChannelState = self.ledger[-1].after.channels[self.channel]
        after = self._snapshot(self.live)
        before = self._snapshot(channel.previous) if channel.previous else None
        old = before.files if before else {}
        changed = tuple(path for path, ref in after.files.items() if old.get(path) != ref)
        return Edit(before, after, changed)

    @property
    def shards(self) -> dict[str, Manifest]:
        """The generate runs of the dataset, by scene and first episode."""
        found = {m.run_key: m for m in self._inputs(self._runs["validate"]) if m.stage == "generate"}
        return {f"{m.spec['scene']}[{m.spec['first_episode']}]": m for m in found.values()}

    def frames(self, shard: str, folder: Path) -> Iterator[Sample]:
        """The samples of one shard."""
        folder.mkdir()
        path = self.store.fetch(self.shards[shard].artifact("shard.tar"), folder / "shard.tar")
        return read_shard(path)

    def read(self, role: str, output: str, kind: type[D]) -> D:
        """One document of the evidence."""
        return kind.from_json(self.bytes_of(role, output), what=output)

    def bytes_of(self, role: str, output: str) -> bytes:
        """One output of the evidence, checked."""
        return self.store.read(self._runs[role].artifact(output))

    def spec(self, role: str) -> dict[str, object]:
        """What was asked of a stage."""
        return self._runs[role].spec

    def _inputs(self, manifest: Manifest) -> Iterator[Manifest]:
        return (read_manifest(self.store, link.ref) for link in manifest.dependencies)

    def _snapshot(self, model: LiveModel) -> Snapshot:
        """The scene files of the model's newest index run."""
        validate = read_manifest(self.store, model.evidence["validate"])
        index = next(m for m in self._inputs(validate) if m.stage == "index")
        link = next(link for link in index.dependencies if link.name == "snapshot")
        return read_snapshot(self.store, link.digest.sha256)
