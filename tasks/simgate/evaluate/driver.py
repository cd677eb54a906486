"""The driver: one worker process that drives its share of the closed-loop episodes.

python -m simgate.evaluate.driver
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from simgate.evaluate.driving import drive_share
from simgate.evaluate.trip import Driving, Trip
from simgate.families.card import ModelCard
from simgate.specs.evaluate import ClosedLoopSpec
from simgate.worker.channel import open_channel, serve
from simgate.worker.message import Message

ROLE = "driver"
SHARE, TRIP = "share", "trip"
MAX_SHARE_BYTES = 1 << 30
"""Of a share, nearly all of it the network's weights."""
MAX_TRIP_BYTES = 16 * 1024 * 1024
"""Of one trip's result: two episodes, step by step."""


def share_message(driving: Driving, trips: Sequence[Trip]) -> Message:
    """Write a driver's share of the trips, with everything that it needs, as a message."""
    body = {
        "baseline_seed": driving.baseline_seed,
        "device": driving.device,
        "swap_channels": driving.swap_channels,
        "trips": [{"scene": trip.scene, "root": str(trip.root), "episode": trip.episode} for trip in trips],
    }
    closed_loop, card = driving.closed_loop.to_json(), driving.card.to_json()
    return Message(SHARE, body, {"closed_loop": closed_loop, "card": card, "weights": driving.weights})


def read_share(message: Message) -> tuple[Driving, tuple[Trip, ...]]:
    """Read it back."""
    body = message.body
    driving = Driving(
        closed_loop=ClosedLoopSpec.from_json(message.part("closed_loop"), what="a share's closed_loop"),
        card=ModelCard.from_json(message.part("card"), what="a share's card"),
        weights=message.part("weights"),
        baseline_seed=body["baseline_seed"],
        device=body["device"],
        swap_channels=body["swap_channels"],
    )
    return driving, tuple(Trip(trip["scene"], Path(trip["root"]), trip["episode"]) for trip in body["trips"])


def drive(message: Message) -> Iterator[Message]:
    """Drive one share; a message for each trip."""
    for result in drive_share(*read_share(message)):
        yield Message(TRIP, parts={TRIP: result})


def main() -> int:
    """Serve until the other end has no more shares."""
    serve(open_channel(MAX_SHARE_BYTES), ROLE, drive)
    return 0


if __name__ == "__main__":
    sys.exit(main())
