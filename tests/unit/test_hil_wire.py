"""The wire between bench and device: whatever is sent arrives, however it is cut, and nonsense is refused."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgate.hil.wire import MAX_ANSWER_BYTES, Answer, Question
from simgate.worker.fault import Garbled
from simgate.worker.frame import Unframer, framed

U64 = st.integers(0, 2**64 - 1)
FLOATS = st.floats(allow_nan=False)


@given(st.builds(Question, U64, FLOATS, FLOATS, st.binary(max_size=200)))
def test_a_question_survives_the_wire(question: Question) -> None:
    assert Question.from_bytes(question.to_bytes()) == question


@given(st.builds(Answer, U64, FLOATS, FLOATS, st.integers(-(2**63), 2**63 - 1)))
def test_an_answer_survives_the_wire_and_its_bound(answer: Answer) -> None:
    assert Answer.from_bytes(answer.to_bytes()) == answer
    assert len(answer.to_bytes()) <= MAX_ANSWER_BYTES


def test_a_nan_survives_the_wire_for_the_monitor_to_see() -> None:
    assert math.isnan(Answer.from_bytes(Answer(1, math.nan, 0.0, 0).to_bytes()).speed_m_s)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 13))
def test_payloads_arrive_whole_however_the_stream_is_cut(payloads: list[bytes], size: int) -> None:
    stream = b"".join(framed(payload) for payload in payloads)
    unframer = Unframer(40)
    found = [payload for at in range(0, len(stream), size) for payload in unframer.feed(stream[at : at + size])]
    assert found == payloads


@given(st.binary(max_size=300))
def test_nonsense_is_garbled_and_nothing_else(data: bytes) -> None:
    for read in (Unframer(64).feed, Question.from_bytes, Answer.from_bytes):
        with contextlib.suppress(Garbled):
            read(data)


@pytest.mark.parametrize("length", [0, 41, 2**32 - 1])
def test_a_length_that_no_frame_may_have_is_refused_before_its_bytes_come(length: int) -> None:
    with pytest.raises(Garbled, match="at most 40"):
        Unframer(40).feed(length.to_bytes(4, "big"))
