"""Signature: DSSE v1 envelopes, signed with ed25519. A signature proves who said something, not when, nor that it is
true.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from simgate.core.documents.artifact import Sha256
from simgate.core.documents.canonical import parse_json, sha256_hex
from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.core.storage.credentials import SIGNING_KEY_NAME, own_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MANIFEST_TYPE = "application/vnd.in-toto+json"
MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
MAX_ENVELOPE_BYTES = MAX_PAYLOAD_BYTES // 3 * 4 + 4096
MAX_KEY_BYTES = 10_000
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


class Signed(Document):
    """One signature of an envelope."""

    keyid: Sha256
    """SHA-256 of the raw 32 bytes of the public key: a hint where to look, proof of nothing."""
    sig: Annotated[str, Field(max_length=200)]
    """Base64 of the 64 bytes."""


class Envelope(Document):
    """A DSSE v1 JSON envelope: signed bytes, their type, and the signatures."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    payload: Annotated[str, Field(max_length=MAX_ENVELOPE_BYTES)]
    """Base64 of the signed bytes."""
    payload_type: Annotated[str, Field(min_length=1, max_length=300)]
    signatures: Annotated[tuple[Signed, ...], Field(min_length=1, max_length=8)]

    @classmethod
    def parse(cls, data: bytes, *, what: str) -> Envelope:
        """Return an envelope from untrusted, bounded bytes."""
        return cls.from_value(parse_json(data, what=what, max_bytes=MAX_ENVELOPE_BYTES), what=what)

    @property
    def body(self) -> bytes:
        """The bytes that were signed."""
        return decode(self.payload, what="payload of an envelope", max_bytes=MAX_PAYLOAD_BYTES)

    def signed_by(self, public_key: bytes) -> bool:
        """Return whether this key signed these very bytes as this type."""
        return any(_holds(item, public_key, pae(self.payload_type, self.body)) for item in self.signatures)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with one private key; never shows it."""

    public_key: bytes
    """The raw 32 bytes."""
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def load(cls, folder: Path) -> Signer | None:
        """Return the signer of a role's folder, or None where the folder holds no signing key."""
        path = folder / SIGNING_KEY_NAME
        try:
            _check_mode(path)
            with path.open("rb") as file:
                data = file.read(MAX_KEY_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"cannot read signing key {path}: {error.strerror}") from error
        return cls.from_pem(data, what=str(path))

    @classmethod
    def from_pem(cls, data: bytes, *, what: str) -> Signer:
        """Return a signer from an unencrypted PKCS#8 PEM of an ed25519 key; no other algorithm is taken."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(data[:MAX_KEY_BYTES], password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            # The library's own words are left out: they may quote the file.
            raise InputError(f"{what} is no signing key", expected="a PEM of an ed25519 private key") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise InputError(
                f"{what} is a key of another kind", actual=type(key).__name__, expected="ed25519",
                remedy="make one with `simgate keys new`",
            )  # fmt: skip
        return cls(key.public_key().public_bytes_raw(), key)

    @property
    def keyid(self) -> str:
        """SHA-256 of the raw public key, hexadecimal."""
        return keyid(self.public_key)

    def sign(self, payload: bytes, payload_type: str) -> Envelope:
        """Return an envelope around `payload`; the same payload gives the same bytes (ed25519 draws no randomness)."""
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise InputError("too large to sign", actual=len(payload), expected=f"at most {MAX_PAYLOAD_BYTES} bytes")
        signature = self._private.sign(pae(payload_type, payload))
        line = Signed(keyid=self.keyid, sig=encode(signature))
        return Envelope(payload=encode(payload), payload_type=payload_type, signatures=(line,))


def own_signer() -> Signer | None:
    """Return this process's signer, or None where its role has no signing key."""
    folder = own_folder()
    return Signer.load(folder) if folder else None


def new_private_key() -> bytes:
    """Return a fresh ed25519 key as PKCS#8 PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def keyid(public_key: bytes) -> str:
    """Return the id of an ed25519 public key: the SHA-256 of its raw 32 bytes, 64 hexadecimal digits."""
    return sha256_hex(public_key)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Encode type and bytes as DSSE does before it signs (PAE), so that no payload passes as another type."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def encode(data: bytes) -> str:
    """Encode as standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str, *, what: str, max_bytes: int) -> bytes:
    """Return the bytes of standard base64 in its one canonical spelling, bounded."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{what} is no base64") from error
    if len(data) > max_bytes or encode(data) != text:
        raise InputError(f"{what} is not canonical base64 of at most {max_bytes} bytes")
    return data


def _holds(line: Signed, public_key: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if line.keyid != keyid(public_key):
        return False
    try:
        signature = decode(line.sig, what="signature", max_bytes=SIGNATURE_BYTES)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, InputError, ValueError):
        return False
    return True


def _check_mode(path: Path) -> None:
    """Refuse a private key file that others can read. A link, or a file of another owner (a mounted secret), is
    accepted.
    """
    found = path.lstat()
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o007:
        raise InputError(
            f"signing key {path} is open to everybody on this machine", actual=f"mode {found.st_mode & 0o777:04o}",
            expected="0600", remedy=f"chmod 600 {path}, and make a new key if others use this machine",
        )  # fmt: skip
