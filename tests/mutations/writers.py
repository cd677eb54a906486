"""Writers: what honest people can do on a mutated store, with honest keys, and what must not come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import SimgateError
from simgate.core.runtime.manifest import read_manifest
from simgate.release.approval import REJECT, GateRecord
from simgate.release.approvals import Approvals
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.decision import Word, quarantine, rollback, waive
from simgate.release.entry import LedgerEntry, LiveModel
from simgate.release.judge import judge
from simgate.release.promote import promote
from simgate.release.settle import settle
from simgate.release.transition import state_after
from tests.mutations.honest import CHANNEL, MODEL, OTHER_CHANNEL, Honest
from tests.mutations.memory_store import MemoryStore
from tests.mutations.readers import evidence_changed
from tests.release_chain import answer

Written = LedgerEntry | CandidateEntry | None
JOURNALS = ("ledger/", "candidates/")


@dataclass(frozen=True)
class Writing:
    """What became of one write."""

    ending: str
    """`refused`, `done`, or `nothing to do`."""
    holes: tuple[str, ...]
    """What was done and must not be."""


class Writers:
    """Honest people, on one store."""

    def __init__(self, honest: Honest, files: Mapping[str, bytes]) -> None:
        self.honest = honest
        self.before = dict(files)
        self.store = MemoryStore(files)
        self._policy, self._ledger = honest.policy, honest.signers["ledger"]
        self._approvals = Approvals(self.store, honest.signers["approval"])

    def try_(self, name: str) -> Writing:
        """One write; it is refused, or all that it did is right."""
        try:
            done = WRITERS[name](self)
        except SimgateError:
            return Writing("refused", tuple(self._left_behind()))
        if done is None:
            return Writing("nothing to do", tuple(self._left_behind()))
        return Writing("done", tuple(f"{name}: {hole}" for hole in self._holes(done)))

    def _left_behind(self) -> Iterator[str]:
        """A refused write leaves the journals as they were."""
        for key in self._touched():
            yield f"a refused write changed {key}"

    def _touched(self) -> list[str]:
        keys = sorted({*self.before, *self.store.files})
        return [k for k in keys if k.startswith(JOURNALS) and self.before.get(k) != self.store.files.get(k)]

    def _holes(self, done: LedgerEntry | CandidateEntry) -> Iterator[str]:
        was = judge(MemoryStore(self.before), self._policy, MODEL)
        if was.problem:
            yield f"wrote on a ledger that does not hold: {was.problem}"
            return
        touched = self._touched()
        if not touched and done in was.entries:
            return  # after a cut tail what is live is the newest again: the same answer is the same entry
        if len(touched) != 1 or touched[0] in self.before:
            yield f"changed {touched}"
        if isinstance(done, CandidateEntry):
            return
        state = judge(self.store, self._policy, MODEL)
        if state.problem or state.entries != (*was.entries, done):
            yield f"wrote what does not hold: {state.problem}"
            return
        named = next((item for item in self.honest.candidates if item.digest == done.decision.subject), None)
        if done.after != state_after(was.state, done.decision, named):
            yield "made another state than follows"
        if done.action in ("promote", "rollback"):
            yield from self._live_holes(done)

    def _live_holes(self, done: LedgerEntry) -> Iterator[str]:
        # After a cut tail an earlier candidate is the newest again: honest, and asked about by its own digest.
        named = (item for item in self.honest.candidates if item.digest == done.decision.subject)
        meant, live = next(named, self.honest.waiting), done.after.channels[done.decision.channel].live
        said = LiveModel(
            candidate=meant.digest, engine=meant.candidate.engine, evidence=meant.candidate.evidence,
            since=done.decision.decided_at,
        )  # fmt: skip
        if live != said or done.decision.channel != CHANNEL:
            yield f"made {live} live"
        for uri in evidence_changed(self.honest, self.store, _outputs(self.honest, meant)):
            yield f"made a model live whose {uri} changed"

    def gate(self) -> GateRecord:
        """Boss approves the candidate that was honestly proposed."""
        return answer(self.honest.waiting)

    def promote(self, gate: GateRecord, channel: str = CHANNEL) -> LedgerEntry:
        """Promotion by that answer."""
        return promote(
            self.store, self._policy, model=MODEL, channel=channel, gate=gate, signer=self._ledger,
            approvals=self._approvals,
        )  # fmt: skip

    def promote_newest(self, channel: str = CHANNEL) -> LedgerEntry | None:
        """Boss approves whatever the store shows as the newest candidate."""
        newest = candidates(self.store, MODEL, channel).newest()
        return self.promote(answer(newest), channel) if newest else None

    def settle(self, gate: GateRecord | None) -> LedgerEntry | None:
        """The waiting candidate's gate ended like this."""
        return settle(
            self.store, self._policy, model=MODEL, channel=CHANNEL, candidate=self.honest.waiting.digest, gate=gate,
            signer=self._ledger, approvals=self._approvals,
        )  # fmt: skip

    def settle_approved(self) -> LedgerEntry | None:
        """Boss approved, and promote has not decided yet: there is nothing to settle."""
        done = self.settle(self.gate())
        return done and done.model_copy(update={"after": done.after.model_copy(update={"waivers": ()})})

    def rollback(self) -> LedgerEntry:
        """Back to the model before."""
        return rollback(
            self.store, self._policy, model=MODEL, channel=CHANNEL, by=Word("boss", "it hit a shelf"),
            signer=self._ledger,
        )  # fmt: skip

    def quarantine(self) -> LedgerEntry:
        """Bar a dataset."""
        return quarantine(
            self.store, self._policy, model=MODEL, digest="c" * 64, by=Word("boss", "a shelf moved"),
            signer=self._ledger,
        )  # fmt: skip

    def waive(self) -> LedgerEntry:
        """Take a FAIL upon two."""
        return waive(
            self.store, self._policy, model=MODEL, channel=CHANNEL, manifest="b" * 64,
            by=Word("boss", "a cable", "starter"), signer=self._ledger,
        )  # fmt: skip

    def propose(self) -> CandidateEntry:
        """The next run's candidate, as the task `propose` appends it."""
        state = judge(self.store, self._policy, MODEL).must_hold()
        head = state.head.sha256 if state.head else ""
        made = self.honest.waiting.candidate.model_copy(
            update={"replaces": head, "nonce": "a" * 32, "run_record": "plans/main/release-9"}
        )
        return candidates(self.store, MODEL, CHANNEL, self.honest.signers["planner"]).add(made)


def _outputs(honest: Honest, entry: CandidateEntry) -> Iterator[str]:
    """The manifests of a candidate's evidence, and their outputs: the engine and the verdicts."""
    store = MemoryStore(honest.files)
    for ref in entry.candidate.evidence.values():
        yield ref.uri
        yield from (item.uri for item in read_manifest(store, ManifestRef(uri=ref.uri, sha256=ref.sha256)).artifacts)


WRITERS: dict[str, Callable[[Writers], Written]] = {
    "promote": lambda people: people.promote(people.gate()),
    "promote what is newest": Writers.promote_newest,
    "promote in another channel": lambda people: people.promote_newest(OTHER_CHANNEL),
    "settle a reject": lambda people: people.settle(answer(people.honest.waiting, chosen_options=(REJECT,))),
    "settle what lapsed": lambda people: people.settle(None),
    "settle what was approved": Writers.settle_approved,
    "rollback": Writers.rollback,
    "quarantine": Writers.quarantine,
    "waive": Writers.waive,
    "propose": Writers.propose,
}
