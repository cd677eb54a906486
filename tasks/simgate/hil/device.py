"""The emulated device under test: one engine in a process of its own, asked and answering over pipes.

    python -m simgate.hil.device MODEL.onnx

It ends with 0 when its input ends, with 2 where the model is refused or the bench talks nonsense.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from simgate.core.errors import InputError
from simgate.hil.wire import MAX_QUESTION_BYTES, READY, Answer, Garbled, Question, Unframer, framed

CHUNK_BYTES = 1 << 20


def main(arguments: Sequence[str]) -> int:
    """Load the engine, say READY, answer every question until the input ends."""
    # Standard output carries frames only: what a library prints goes to standard error.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    try:
        serve(Path(arguments[0]), sys.stdin.buffer, answers)
    except (InputError, Garbled, IndexError, OSError) as error:
        print(f"device under test: {error}", file=sys.stderr)
        return 2
    return 0


def serve(model: Path, questions: BinaryIO, answers: BinaryIO) -> None:
    """One engine, questions in, answers out, in order."""
    from simgate.engine.onnx import OnnxEngine  # the bench imports this module and needs no engine

    engine = OnnxEngine.load(model)
    engine.warm_up()
    answers.write(framed(READY))
    for question in read(questions):
        begun_ns = time.perf_counter_ns()
        command = engine.command(question.image, question.goal_distance_m, question.goal_bearing_rad)
        spent_ns = time.perf_counter_ns() - begun_ns
        answer = Answer(question.sequence, command.speed_m_s, command.yaw_rate_rad_s, spent_ns)
        answers.write(framed(answer.to_bytes()))


def read(questions: BinaryIO) -> Iterator[Question]:
    """The questions of a stream, as they come."""
    unframer = Unframer(MAX_QUESTION_BYTES)
    while data := os.read(questions.fileno(), CHUNK_BYTES):
        for payload in unframer.feed(data):
            yield Question.from_bytes(payload)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
