"""Forgery: one try at changing a signed store, by somebody who may write every file and holds one role's key."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import InputError
from simgate.core.identity.signature import MANIFEST_TYPE, Envelope, Signer, encode
from simgate.core.runtime.attempt import ENVELOPE_NAME
from simgate.core.runtime.manifest import MANIFEST_NAME, parse_manifest
from simgate.release.approvals import APPROVAL_TYPE
from simgate.release.trusted_key import KeyRole
from tests.mutations.envelope import body_of, parsed
from tests.mutations.honest import Honest
from tests.mutations.memory_store import MemoryStore
from tests.release_chain import new_signer

Reach = Literal["nothing", "candidate", "ledger", "all"]
"""How far a forger makes the digests right again: nowhere, up to the candidates, in the ledger, or in all."""
STRANGER = new_signer()
KEYS: tuple[KeyRole | None, ...] = ("gate", "planner", "approval", "ledger", None)
BOOKS: dict[str, KeyRole] = {"ledger/": "ledger", "candidates/": "planner", "approvals/": "approval"}
MAX_REWRITES = 400


class Forgery:
    """A copy of the honest store, and what the forger has."""

    def __init__(self, honest: Honest, draws: random.Random) -> None:
        self.honest, self.draws = honest, draws
        self.store = MemoryStore(honest.files)
        self.role: KeyRole | None = draws.choice(KEYS)
        self.seal = draws.choice(("stale", "bare", "wrong", "wrong"))
        self.by_right = False
        """Whether the key that is needed was used, for what its role may not do."""

    @property
    def key(self) -> Signer:
        """The forger's key."""
        return self.honest.signers[self.role] if self.role else STRANGER

    @property
    def files(self) -> dict[str, bytes]:
        """Every object as it is now."""
        return self.store.files

    def keys(self, *prefixes: str) -> list[str]:
        """Keys that begin with one of these, in the order of their making: the same draws give the same mutation."""
        return [key for key in self.files if key.startswith(prefixes)]

    def body(self, key: str) -> bytes:
        """An object without its signature."""
        data = self.files[key]
        return self.honest.bodies[key] if data is self.honest.files.get(key) else body_of(data)

    def value(self, key: str) -> Any:
        """What an object says; None where it is no JSON."""
        return parsed(self.body(key))

    def against(self, key: str) -> None:
        """The forger must not hold the key of what is forged."""
        # A policy is named by its digest, and who holds the ledger's key may name another in a decision by hand.
        needed = "ledger" if key.startswith("policies/") else role_of(key)
        if self.role == needed and not self.by_right:
            self.role = None

    def touches_what_waits(self) -> bool:
        """Whether it is about what people decide next: a candidate, or the answer about the one that waits."""
        waiting = self.honest.waiting
        about = (f"candidates/{waiting.candidate.model}/", f"approvals/{waiting.digest}/")
        return any(key.startswith(about) and self.files[key] is not self.honest.files.get(key) for key in self.files)

    def edit(self, key: str, body: bytes, reach: Reach = "nothing") -> None:
        """Change an object, and the digests of it in what stands on it, as far as `reach` goes."""
        self.against(key)
        if reach in ("all", "ledger") and self.role == "ledger" and not self.by_right:
            # What the ledger's own key may say of decisions by hand is no forgery; what it may not: `abuse_ledger`.
            self.role = None
        waiting = deque(self._put(key, body))
        for _ in range(MAX_REWRITES):
            if not waiting or reach == "nothing":
                return
            old, new = waiting.popleft()
            for other in [name for name in self.files if _within(name, reach)]:
                waiting.extend(self._follow(other, old, new))

    def say(self, key: str, value: Any, reach: Reach = "nothing") -> None:
        """Change an object to a JSON value."""
        self.edit(key, canonical_json(value), reach)

    def write(self, key: str, body: bytes) -> None:
        """Put an object there, sealed as the forger can."""
        self.files[key] = self._sealed(key, body)

    def _follow(self, key: str, old: str, new: str) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        body = self.body(key)
        if old.encode() in body:
            pairs = self._put(key, body.replace(old.encode(), new.encode()))
        if old in key and key.startswith(("approvals/", "policies/")):
            self.files[key.replace(old, new)] = self.files.pop(key)
        return pairs

    def _put(self, key: str, body: bytes) -> list[tuple[str, str]]:
        """The digests that the object had, and those that it has now."""
        before = _names(key, self.body(key)) if key in self.files else []
        if key.endswith(MANIFEST_NAME):
            self.files[key] = body
            envelope = key.replace(MANIFEST_NAME, ENVELOPE_NAME)
            if envelope in self.files:
                self.files[envelope] = self._sealed(envelope, body)
        else:
            self.files[key] = self._sealed(key, body)
        return [pair for pair in zip(before, _names(key, body), strict=False) if pair[0] != pair[1]]

    def _sealed(self, key: str, body: bytes) -> bytes:
        role = role_of(key)
        if role is None:
            return body
        if self.role == role or self.seal == "wrong":
            return self.key.sign(body, type_of(key)).to_json()
        old = parsed(self.files.get(key, b""))
        if self.seal == "stale" and isinstance(old, dict) and "payloadType" in old:
            return canonical_json({**old, "payload": encode(body)})
        return body

    def resign(self, key: str, *signers: Signer, keep: bool = False) -> None:
        """The same object under other signatures."""
        made = [signer.sign(self.body(key), type_of(key)) for signer in signers]
        lines = tuple(line for envelope in made for line in envelope.signatures)
        old = parsed(self.files[key])
        if keep and isinstance(old, dict) and "signatures" in old:
            lines = (*Envelope.from_value(old, what=key).signatures, *lines)
        self.files[key] = made[0].model_copy(update={"signatures": lines}).to_json()


def role_of(key: str) -> KeyRole | None:
    """Whose key signs an object; None where none does."""
    for prefix, role in BOOKS.items():
        if key.startswith(prefix):
            return role
    return "gate" if key.endswith((ENVELOPE_NAME, f"/{MANIFEST_NAME}")) and is_gate(key) else None


def is_gate(key: str) -> bool:
    """Whether it lies in the folder of a stage that says PASS or FAIL."""
    return key.startswith(tuple(f"runs/main/{stage}/" for stage in ("validate", "evaluate", "export", "hil")))


def type_of(key: str) -> str:
    """The type as which an object is signed."""
    if key.startswith("approvals/"):
        return APPROVAL_TYPE
    if key.startswith(("ledger/", "candidates/")):
        return f'application/vnd.simgate.entry.v1+json;journal="{key.rpartition("/")[0]}"'
    return MANIFEST_TYPE


def _within(key: str, reach: Reach) -> bool:
    if key.startswith("memo/") or key.endswith(ENVELOPE_NAME):
        return False
    if reach == "ledger":
        return key.startswith("ledger/")
    return reach == "all" or key.startswith(("runs/", "candidates/", "snapshots/"))


def _names(key: str, body: bytes) -> Sequence[str]:
    """Digests by which other objects name this one."""
    found = [sha256_hex(body)]
    if key.endswith(MANIFEST_NAME):
        try:
            found.append(parse_manifest(body, what=key).content_digest)
        except InputError:
            return found
    return found
