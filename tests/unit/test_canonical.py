"""Untrusted JSON becomes a value, or an InputError that names the document; never another exception."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simgate.core.documents.canonical import canonical_json, parse_json
from simgate.core.documents.document import Document
from simgate.core.errors import InputError


class Note(Document):
    """Any text and any number."""

    text: str
    number: int


BAD = {
    "a lone surrogate, escaped": rb'{"text": "\ud800", "number": 1}',
    "the second half alone": rb'{"text": "x\uDfFfx", "number": 1}',
    "the wrong way round": rb'{"text": "\ude00\ud83d", "number": 1}',
    "a lone surrogate as a key": rb'{"\ud800": "", "number": 1}',
    "a lone surrogate in UTF-8": b'{"text": "\xed\xa0\x80", "number": 1}',
    "4,000 digits": b'{"text": "", "number": ' + b"9" * 4000 + b"}",
    "5,000 digits": b'{"text": "", "number": -' + b"9" * 5000 + b"}",
    "a number beyond a float": b'{"text": "", "number": 1e400}',
    "no UTF-8": b'{"text": "\xff"}',
    "brackets": b"[" * 100_000,
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_value_of_ours_is_refused_where_it_is_parsed(kind: str) -> None:
    with pytest.raises(InputError, match=r"^note 7 is not JSON") as error:
        parse_json(BAD[kind], what="note 7")
    assert len(str(error.value)) < 400
    str(error.value).encode()
    with pytest.raises(InputError, match=r"^note 7 is not JSON"):
        Note.from_json(BAD[kind], what="note 7")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [{"text": "\ud800"}, {"\ud800": 1}, {"number": 10**3999}, {"number": 10**5000}, {"number": 1e999}, nested(5000)],
    ids=["surrogate", "surrogate key", "4,000 digits", "5,001 digits", "infinity", "depth"],
)
def test_a_value_that_no_document_holds_is_refused_by_the_documents_name(value: Any) -> None:
    with pytest.raises(InputError, match=r"^note 7 is not representable") as error:
        Note.from_value(value, what="note 7")
    assert len(str(error.value)) < 400
    str(error.value).encode()


def test_a_pair_of_surrogates_is_one_character_and_64_bits_are_read() -> None:
    assert parse_json(rb'["\ud83d\ude00", "\\ud800", -9223372036854775808]', what="x") == ["😀", "\\ud800", -(2**63)]
    assert canonical_json(["😀"]) == '["😀"]'.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
@example(b"\xff\xfe[\x00")
@example(b"\x00\x00\xfe\xff")
def test_any_bytes_are_a_value_or_an_input_error_that_names_them(data: bytes) -> None:
    for read in (parse_json, Note.from_json):
        said = ""
        try:
            read(data, what="note 7")
        except InputError as error:
            said = str(error)
        assert said.startswith("note 7" if said else "")
        said.encode()
