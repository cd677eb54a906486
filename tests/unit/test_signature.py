"""Envelopes are DSSE as others read it, and no byte of one can be another."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.core.errors import InputError
from simgate.core.identity.signature import Envelope, Signer, keyid, new_private_key, own_signer, pae
from simgate.core.storage.credentials import ROLE_KEYS, SIGNING_KEY_NAME

GOLDEN = Path(__file__).parents[1] / "golden"
SIGNER = Signer.from_pem(new_private_key(), what="key")
OTHER = Signer.from_pem(new_private_key(), what="another key")
ENVELOPE = SIGNER.sign(b'{"verdict":"PASS"}', "application/vnd.in-toto+json").to_json()


def stands(data: bytes, signer: Signer = SIGNER) -> bool:
    """Whether an envelope is read and its signature holds."""
    try:
        return Envelope.parse(data, what="envelope").signed_by(signer.public_key)
    except InputError:
        return False


def test_the_specification_s_published_signature_is_over_our_encoding() -> None:
    # DSSE protocol.md, "Test Vectors": ECDSA over P-256 and SHA-256, r and s concatenated.
    x = 46950820868899156662930047687818585632848591499744589407958293238635476079160
    y = 5640078356564379163099075877009565129882514886557779369047442380624545832820
    raw = base64.b64decode("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==")
    signature = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    key.verify(signature, pae("http://example.com/HelloWorld", b"hello world"), ec.ECDSA(hashes.SHA256()))


def test_lengths_are_of_bytes_not_of_characters() -> None:
    assert pae("ü", b"") == b"DSSEv1 2 \xc3\xbc 0 "


def test_a_reader_that_knows_only_the_specification_verifies_our_envelope() -> None:
    document = json.loads(ENVELOPE)
    assert set(document) == {"payload", "payloadType", "signatures"}
    kind, body = document["payloadType"].encode(), base64.b64decode(document["payload"])
    message = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(body)).encode(), body])
    (line,) = document["signatures"]
    Ed25519PublicKey.from_public_bytes(SIGNER.public_key).verify(base64.b64decode(line["sig"]), message)
    assert line["keyid"] == keyid(SIGNER.public_key)


def test_an_envelope_holds_and_signing_again_gives_the_same_bytes() -> None:
    assert stands(ENVELOPE)
    assert Envelope.parse(ENVELOPE, what="e").body == b'{"verdict":"PASS"}'
    assert SIGNER.sign(b'{"verdict":"PASS"}', "application/vnd.in-toto+json").to_json() == ENVELOPE
    assert not stands(ENVELOPE, OTHER)


def test_a_golden_envelope_of_version_1_still_holds() -> None:
    golden = json.loads((GOLDEN / "envelope-v1.json").read_bytes())
    envelope = Envelope.from_value(golden["envelope"], what="golden")
    assert envelope.signed_by(base64.b64decode(golden["public_key"]))
    assert json.loads(envelope.body)["id"] == "golden"


@settings(max_examples=600, deadline=None)
@given(place=st.integers(0, len(ENVELOPE) - 1), flip=st.integers(1, 255))
def test_any_flipped_byte_is_refused(place: int, flip: int) -> None:
    broken = bytearray(ENVELOPE)
    broken[place] ^= flip
    assert not stands(bytes(broken))


@settings(max_examples=200, deadline=None)
@given(payload=st.binary(max_size=200), kind=st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()))
def test_what_is_signed_reads_back_and_holds_for_its_type_alone(payload: bytes, kind: str) -> None:
    envelope = SIGNER.sign(payload, kind)
    assert Envelope.parse(envelope.to_json(), what="e") == envelope
    assert envelope.body == payload
    assert envelope.signed_by(SIGNER.public_key)
    assert not envelope.model_copy(update={"payload_type": kind + "x"}).signed_by(SIGNER.public_key)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=300))
def test_no_bytes_make_an_envelope_raise_anything_but_an_input_error(data: bytes) -> None:
    assert not stands(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"payload": "eyJ2ZXJkaWN0IjoiUEFTUyJ9\n"},
        {"payload": "QR=="},
        {"payload": "ü"},
        {"signatures": []},
        {"signatures": [{"keyid": "", "sig": "x"}]},
        {"more": 1},
        {"payloadType": ""},
    ],
)
def test_a_second_spelling_an_unknown_field_and_an_empty_one_are_refused(changes: dict[str, object]) -> None:
    assert not stands(json.dumps({**json.loads(ENVELOPE), **changes}).encode())


def test_one_good_signature_among_several_is_enough_and_a_borrowed_key_id_is_not() -> None:
    mine, other = (json.loads(item.sign(b"x", "t").to_json())["signatures"][0] for item in (SIGNER, OTHER))
    both = {"payload": "eA==", "payloadType": "t", "signatures": [other, mine]}
    assert stands(json.dumps(both).encode())
    borrowed = {**both, "signatures": [{"keyid": SIGNER.keyid, "sig": other["sig"]}]}
    assert not stands(json.dumps(borrowed).encode())


def write_key(folder: Path, data: bytes, mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / SIGNING_KEY_NAME
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_a_process_signs_with_the_key_of_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ROLE_KEYS, raising=False)
    assert own_signer() is None
    monkeypatch.setenv(ROLE_KEYS, str(tmp_path))
    assert own_signer() is None
    write_key(tmp_path, new_private_key())
    signer = own_signer()
    assert signer is not None
    assert signer.sign(b"x", "t").signed_by(signer.public_key)
    assert "private" not in repr(signer).lower()


def test_a_key_that_everybody_can_read_is_refused_and_a_mounted_link_is_not(tmp_path: Path) -> None:
    path = write_key(tmp_path / "open", new_private_key(), 0o644)
    with pytest.raises(InputError, match="open to everybody"):
        Signer.load(tmp_path / "open")
    # A secret mounted by Kubernetes is a link into a folder of its own, and readable.
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / SIGNING_KEY_NAME).symlink_to(path)
    assert Signer.load(tmp_path / "mounted") is not None


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no signing key"),
        (b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "no signing key"),
        (b"\xff" * 20_000, "no signing key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "another kind"),
    ],
)
def test_a_file_that_is_no_ed25519_key_is_refused_and_not_quoted(tmp_path: Path, data: bytes, said: str) -> None:
    write_key(tmp_path, data)
    with pytest.raises(InputError, match=said) as caught:
        Signer.load(tmp_path)
    assert "c2VjcmV0" not in str(caught.value)
