"""The emulated device under test: one engine in a process of its own, a worker of the bench.

    python -m simgate.hil.device ENGINE-FOLDER

It ends with 0 when its input ends, with 2 where the engine is refused or fails, or the bench talks nonsense.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from simgate.core.errors import InputError, OutsideFault
from simgate.core.runtime.origin import told_as_theirs
from simgate.engine.bundle import open_engine
from simgate.hil.wire import MAX_QUESTION_BYTES, ROLE, Answer, Question
from simgate.worker.channel import Channel, open_channel
from simgate.worker.fault import Garbled
from simgate.worker.hello import hello


def main(arguments: Sequence[str]) -> int:
    """Load the engine, say hello, answer every question until the input ends."""
    try:
        with told_as_theirs():
            serve(Path(arguments[0]), open_channel(MAX_QUESTION_BYTES))
    except (InputError, OutsideFault, Garbled, IndexError, OSError) as error:
        print(f"device under test: {error}", file=sys.stderr)
        return 2
    return 0


def serve(folder: Path, channel: Channel) -> None:
    """Serve one engine: read questions and write answers, in order."""
    engine = open_engine(folder)
    engine.warm_up()
    channel.send(hello(ROLE).to_bytes())
    for payload in channel.receive():
        question = Question.from_bytes(payload)
        begun_ns = time.perf_counter_ns()
        command = engine.command(question.image, question.goal_distance_m, question.goal_bearing_rad)
        spent_ns = time.perf_counter_ns() - begun_ns
        channel.send(Answer(question.sequence, command.speed_m_s, command.yaw_rate_rad_s, spent_ns).to_bytes())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
