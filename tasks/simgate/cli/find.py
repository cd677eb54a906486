"""Find: resolves what a person types (a key's beginning, a manifest's place, a model) to objects in the store."""

from __future__ import annotations

from collections.abc import Iterator

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError
from simgate.core.runtime.manifest import MANIFEST_NAME, read_manifest
from simgate.core.storage.folder import check_key
from simgate.core.storage.many import at_once
from simgate.core.storage.memo import Run, believed, read_memo
from simgate.core.storage.store import Store
from simgate.release.entry import ChannelState, LiveModel
from simgate.release.judge import ReleaseState
from simgate.rows.stages import STAGES

MIN_PREFIX_CHARACTERS = 4
NO_MODEL = "`simgate plan` shows the runs that lead to one"


def runs(store: Store, domain: str) -> Iterator[Run]:
    """Yield every committed run of a domain, the newest last; a memo that cannot be believed is named and left out."""
    found = at_once(lambda key: believed(store, key), store.keys(f"memo/{domain}"))
    yield from sorted((run for run in found if run is not None), key=_finished)


def _finished(run: Run) -> str:
    return run.manifest.predicate.run_details.metadata.finished_on


def find_run(store: Store, domain: str, text: str) -> Run:
    """Find a run by the first characters of its run key or of its manifest's digest, by its manifest's key in the
    store, or by its stage's name (the newest).
    """
    ref = find_ref(store, domain, text)
    return Run(ref, read_manifest(store, ref))


def find_ref(store: Store, domain: str, text: str) -> ManifestRef:
    """Find a run as `find_run` does, without reading its manifest: the caller checks it."""
    if "/" in text:
        return _by_key(store, text)
    if text in STAGES.names():
        return _newest(store, domain, text)
    if len(text) < MIN_PREFIX_CHARACTERS:
        raise InputError(
            "too short to tell runs apart",
            actual=text,
            expected=f"{MIN_PREFIX_CHARACTERS} characters or more, or a stage's name for its newest run",
        )
    refs = {ref.sha256: ref for ref in _memos(store, domain, text)}
    if not refs:
        raise InputError(f"no committed run in domain {domain}", actual=text, remedy="`simgate runs` lists them")
    if len(refs) > 1:
        found = ", ".join(sorted(ref.uri for ref in refs.values()))
        raise InputError("that names several runs", actual=text, expected=f"one of {found}")
    return next(iter(refs.values()))


def _newest(store: Store, domain: str, stage: str) -> ManifestRef:
    found = [run.ref for run in runs(store, domain) if run.manifest.stage == stage]
    if not found:
        raise InputError(f"no committed {stage} run in domain {domain}", remedy="`simgate runs` lists what there is")
    return found[-1]


def _memos(store: Store, domain: str, text: str) -> Iterator[ManifestRef]:
    for key in store.keys(f"memo/{domain}"):
        ref = read_memo(store, key)
        if ref is not None and (key.rpartition("/")[2].startswith(text) or ref.sha256.startswith(text)):
            yield ref


def _by_key(store: Store, uri: str) -> ManifestRef:
    """Return the manifest at a key; its digest is the memo's where one names it, so that a change is noticed."""
    check_key(uri)
    parts = uri.split("/")
    if len(parts) != 6 or parts[0] != "runs" or parts[5] != MANIFEST_NAME:
        raise InputError("not a manifest's key", actual=uri, expected="runs/DOMAIN/STAGE/RUN_KEY/ATTEMPT/manifest.json")
    named = (ref for ref in _memos(store, parts[1], parts[3]) if ref.uri == uri)
    return next(named, None) or ManifestRef(uri=uri, sha256=store.digest(uri))


def models(store: Store) -> list[str]:
    """Return every model that has a ledger or was proposed: a ledger that is gone whole leaves its candidates."""
    return sorted({*ledgers(store), *_below(store, "candidates")})


def ledgers(store: Store) -> list[str]:
    """Return every model that has a ledger."""
    return _below(store, "ledger")


def _below(store: Store, folder: str) -> list[str]:
    return sorted(path.rstrip("/").rpartition("/")[2] for path in store.children(folder)[0])


def the_model(store: Store, given: str) -> str:
    """Return the given model, or the only one there is."""
    found = models(store)
    if given:
        if given not in found:
            raise InputError("no such model in the store", actual=given, expected=" | ".join(found), remedy=NO_MODEL)
        return given
    if len(found) != 1:
        if not found:
            raise InputError("the store has no model yet", expected="a run of release_model", remedy=NO_MODEL)
        raise InputError("the store has several models", expected=" | ".join(found), remedy="name one of them")
    return found[0]


def the_channel(state: ReleaseState, given: str) -> str:
    """Return the given channel, or the only one that the ledger knows."""
    found, model = sorted(state.state.channels), state.model
    if given:
        return given
    if len(found) != 1:
        what = "several channels" if found else "no release in any channel"
        raise InputError(f"model {model} has {what}", expected=" | ".join(found), remedy="name a channel: --channel")
    return found[0]


def the_live(state: ReleaseState, channel: str) -> LiveModel:
    """Return the live model of a channel; InputError where nothing is live."""
    return live_and_previous(state, channel)[0]


def live_and_previous(state: ReleaseState, channel: str) -> tuple[LiveModel, LiveModel | None]:
    """Return the live model of a channel and the one that a rollback restores; InputError where nothing is live."""
    found = state.state.channels.get(channel, ChannelState(live=None, previous=None))
    if found.live is None:
        raise InputError(f"nothing is live in channel {channel} of {state.model}", remedy="`simgate history` says why")
    return found.live, found.previous
