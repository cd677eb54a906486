"""Trusted key: whose signature the policy believes, on what, and until when."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from simgate.core.documents.artifact import Sha256
from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.core.identity.signature import PUBLIC_KEY_BYTES, decode, keyid

KeyRole = Literal["gate", "planner", "approval", "ledger"]


class TrustedKey(Document):
    """One public key in the policy; `simgate keys new` prints it."""

    id: Sha256
    """SHA-256 of the raw public key."""
    role: KeyRole
    """gate: manifests with a verdict; planner: candidates; approval: answers as read; ledger: ledger entries."""
    public_key: Annotated[str, Field(max_length=64)]
    """Base64 of the raw 32 bytes of an ed25519 public key."""
    until: AwareDatetime | None = None
    """Retired: only what is dated before this counts. None: not retired."""
    revoked: bool = False
    """Nothing that it ever signed counts: for a key that others may have, since a date is the signer's word."""

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        try:
            raw = decode(value, what="public_key", max_bytes=PUBLIC_KEY_BYTES)
        except InputError as error:
            raise ValueError(str(error)) from error
        if len(raw) != PUBLIC_KEY_BYTES:
            raise ValueError(f"a public key has {PUBLIC_KEY_BYTES} bytes, this has {len(raw)}")
        return value

    @model_validator(mode="after")
    def _is_called_by_its_digest(self) -> Self:
        if keyid(self.raw) != self.id:
            raise ValueError(f"key {self.id[:12]} is another key's id: this one is {keyid(self.raw)}")
        return self

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the public key."""
        return decode(self.public_key, what="public_key", max_bytes=PUBLIC_KEY_BYTES)
