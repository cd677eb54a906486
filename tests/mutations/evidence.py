"""Mutations of evidence: engines, verdicts, bench runs, and who signed them."""

from __future__ import annotations

from datetime import UTC, datetime

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.runtime.attempt import ENVELOPE_NAME
from simgate.core.runtime.manifest import MANIFEST_NAME
from tests.mutations.blunt import Mutation
from tests.mutations.forgery import Forgery, Reach

REACHES: tuple[Reach, ...] = ("nothing", "candidate", "candidate", "all")


def _observation(forgery: Forgery) -> str:
    """Folder of a bench run that a candidate names."""
    named = {folder for entry in forgery.honest.candidates for folder in entry.candidate.observations}
    made = [key.removesuffix("/started.json") for key in forgery.honest.files if key.endswith("/started.json")]
    return forgery.draws.choice([folder for folder in made if folder in named])


def delete_observation(forgery: Forgery) -> str:
    """All of a bench run, or one file of it."""
    folder = _observation(forgery)
    keys = forgery.keys(f"{folder}/")
    for key in forgery.draws.choice((keys, keys[:1], keys[-1:], keys[1:])):
        del forgery.files[key]
    return folder


def end_otherwise(forgery: Forgery) -> str:
    """A bench run that had a verdict, or ended in another way, proves nothing now."""
    folder = _observation(forgery)
    for key in forgery.keys(f"{folder}/"):
        if not key.endswith("/started.json"):
            del forgery.files[key]
    error = forgery.draws.choice(("Inconclusive", "Inconclusive", "StoreError"))
    failure = {
        "version": 1, "exit_code": 1, "error": error, "message": "the camera starved", "nonce": "",
        "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    forgery.files[f"{folder}/failure.json"] = canonical_json(failure)
    return f"{folder}: {error}"


def hide_behind_verdict(forgery: Forgery) -> str:
    """A bench run that proved nothing has the manifest of another that passed."""
    folder, other = _observation(forgery), _observation(forgery)
    for key in forgery.keys(f"{other}/"):
        forgery.files[key.replace(other, folder)] = forgery.files[key]
    return f"{other} as {folder}"


def another_output(forgery: Forgery) -> str:
    """Other bytes in an output, a verdict or an engine; the digests of all that stands on it made right or not."""
    names = (
        "verdict.json", "engine/model.onnx", "model.safetensors", "evaluation.json", "shard.tar", "splits/eval.json",
    )  # fmt: skip
    name = forgery.draws.choice(names)
    key = forgery.draws.choice([key for key in forgery.keys("runs/") if key.endswith(f"/{name}")])
    body = forgery.files[key]
    if name == "verdict.json":
        fail = canonical_json({"version": 1, "verdict": "FAIL", "reasons": ["no"], "metrics": {}})
        made = canonical_json({"version": 1, "verdict": "PASS", "reasons": [], "metrics": {}})
        body = fail if body == made else made
    else:
        body = body.replace(b"timeout", b"success") + b" "
    reach = forgery.draws.choice(REACHES)
    forgery.against(f"{key.rpartition('/')[0]}/{MANIFEST_NAME}")
    forgery.edit(key, body, reach)
    return f"{key}, digests made right: {reach}, key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


def add_pass(forgery: Forgery) -> str:
    """One more bench run that passed, of the waiting engine."""
    uri = forgery.honest.waiting.candidate.evidence["hil"].uri
    folder = uri.rpartition("/")[0]
    other = f"{folder[:-8]}{forgery.draws.randrange(16**8):08x}"
    for key in forgery.keys(f"{folder}/"):
        forgery.files[key.replace(folder, other)] = forgery.files[key]
    manifest = f"{other}/{MANIFEST_NAME}"
    forgery.edit(manifest, forgery.body(manifest).replace(folder.encode(), other.encode()))
    return f"{other}, key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


def other_envelope(forgery: Forgery) -> str:
    """A gate's signature from another gate, by another key, or none."""
    keys = [key for key in forgery.keys("runs/") if key.endswith(ENVELOPE_NAME)]
    key, other = forgery.draws.choice(keys), forgery.draws.choice(keys)
    forgery.files[key] = forgery.files[other]
    return f"{other} as {key}"


def move_reference(forgery: Forgery) -> str:
    """A candidate that names another run of the same stage."""
    entry = forgery.draws.choice(forgery.honest.candidates)
    role = forgery.draws.choice(sorted(entry.candidate.evidence))
    ref = entry.candidate.evidence[role]
    stage = "/".join(ref.uri.split("/")[:3])
    others = [key for key in forgery.keys(f"{stage}/") if key.endswith(f"/{MANIFEST_NAME}")]
    other = forgery.draws.choice(others)
    key = f"candidates/{entry.candidate.model}/{entry.candidate.channel}/{entry.seq:012d}.json"
    value = forgery.value(key)
    value["body"]["evidence"][role] = {"uri": other, "sha256": sha256_hex(forgery.files[other])}
    reach = forgery.draws.choice(REACHES)
    forgery.say(key, value, reach)
    return f"{role} of {key}, digests made right: {reach}, key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


EVIDENCE: dict[str, Mutation] = {
    "delete observation": delete_observation, "end otherwise": end_otherwise, "hide behind a verdict":
    hide_behind_verdict, "another output": another_output, "add a PASS": add_pass, "other envelope": other_envelope,
    "move reference": move_reference,
}  # fmt: skip
