"""Bag: one episode as a rosbag2 folder (MCAP storage); the same bytes when made again."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, cast

from mcap.exceptions import McapError
from mcap.records import Channel, Chunk, McapRecord, Message, Schema
from mcap.stream_reader import StreamReader, breakup_chunk
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.serde import SerdeError

from simgate.core.errors import InputError
from simgate.data.messages import (
    IMU,
    PATH,
    STATIC_TRANSFORMS,
    TOPICS,
    TYPES,
    frame_messages,
    imu_message,
    path_message,
    static_transforms,
)
from simgate.data.record import EncodedSample
from simgate.data.sample import Episode

MEDIA_TYPE = "application/vnd.mcap"
METADATA_MEDIA_TYPE = "application/yaml"
MAX_RECORD_BYTES = 80 * 1024 * 1024
EPOCH_NS: Final = 1_000_000_000 * 10**9
"""Beginning of an episode in a bag's time, 2001-09-09 01:46:40 UTC: a stamp of 0 means «no time» in ROS."""

_NO_LIMIT = QosTime(2147483647, 4294967295)
_LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    deadline=_NO_LIMIT,
    lifespan=_NO_LIMIT,
    liveliness=QosLiveliness.AUTOMATIC,
    liveliness_lease_duration=_NO_LIMIT,
    avoid_ros_namespace_conventions=False,
)
"""QoS of tf2_ros for /tf_static: who comes late gets it too."""

_BROKEN = (McapError, SerdeError, ValueError, KeyError, IndexError, EOFError, struct.error, OverflowError)


class BagFiles(NamedTuple):
    """The two files of one bag; rosbag2's tools open the folder that holds both."""

    mcap: Path
    metadata: Path


class BagMessage(NamedTuple):
    """One message of a bag; `message` is the rosbags class of the topic's type."""

    topic: str
    stamp_ns: int
    message: Any


def bag_name(episode: int) -> str:
    """Return the name of an episode's bag, e.g. `000003`."""
    return f"{episode:06d}"


def mcap_name(episode: int) -> str:
    """Return the output that holds an episode's messages, e.g. `bags/000003/000003.mcap`."""
    return f"bags/{bag_name(episode)}/{bag_name(episode)}.mcap"


def metadata_name(episode: int) -> str:
    """Return the output that rosbag2 reads first, e.g. `bags/000003/metadata.yaml`."""
    return f"bags/{bag_name(episode)}/metadata.yaml"


class BagWriter:
    """Writes one episode's bag below `folder`, about a megabyte in memory."""

    def __init__(self, folder: Path, episode: Episode) -> None:
        self._path = folder / bag_name(episode.episode)
        self._episode = episode
        self._writer = Writer(self._path, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.open()
        self._connections = {
            topic: self._writer.add_connection(
                topic, kind, typestore=TYPES, offered_qos_profiles=[_LATCHED] if topic == STATIC_TRANSFORMS else []
            )
            for topic, kind in TOPICS.items()
        }
        self._begun = False

    def add(self, encoded: EncodedSample) -> None:
        """Append one frame, after the IMU's readings before it; path and the camera's place go with the first."""
        stamp_ns = EPOCH_NS + encoded.sample.stamp_ns
        if not self._begun:
            first_ns = EPOCH_NS + encoded.sample.imu_track[0].stamp_ns
            self._write(PATH, first_ns, path_message(self._episode, first_ns))
            self._write(STATIC_TRANSFORMS, first_ns, static_transforms(encoded.sample, first_ns))
            self._begun = True
        for reading in encoded.sample.imu_track:
            read_ns = EPOCH_NS + reading.stamp_ns
            self._write(IMU, read_ns, imu_message(reading.imu, read_ns))
        for topic, message in frame_messages(encoded, stamp_ns):
            self._write(topic, stamp_ns, message)

    def close(self) -> BagFiles:
        """Write index and metadata; the bag exists from this moment."""
        self._writer.close()
        return BagFiles(self._path / f"{self._path.name}.mcap", self._path / "metadata.yaml")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the file back; without close() it has no index."""
        self._writer.abort()

    def _write(self, topic: str, stamp_ns: int, message: Any) -> None:
        self._writer.write(self._connections[topic], stamp_ns, TYPES.serialize_cdr(message, TOPICS[topic]))


def read_bag(mcap: Path) -> Iterator[BagMessage]:
    """Stream the messages of an untrusted bag in time order, one chunk in memory.

    Only what BagWriter makes is taken: our topics with their types, CDR, uncompressed chunks (so nothing inflates),
    records of at most 80 MiB, stamps that do not go back. Anything else is InputError.
    """
    channels: dict[int, str] = {}
    last_ns = 0
    try:
        with mcap.open("rb") as stream:
            for record in _records(stream, mcap.name, channels):
                topic, stamp_ns = channels[record.channel_id], record.log_time
                if stamp_ns < last_ns:
                    raise InputError(
                        f"{mcap.name}: time goes back on {topic}", actual=stamp_ns, expected=f"≥ {last_ns}"
                    )
                last_ns = stamp_ns
                yield BagMessage(topic, stamp_ns, TYPES.deserialize_cdr(record.data, TOPICS[topic]))
    except _BROKEN as error:
        raise InputError(f"{mcap.name} is no readable bag: {error}", remedy="make the shard again") from error


def _records(stream: io.BufferedReader, name: str, channels: dict[int, str]) -> Iterator[Message]:
    """Yield messages in file order; `channels` learns the topic of each channel on the way."""
    kinds: dict[int, str] = {}
    bounded = cast("io.BufferedReader", _Bounded(stream))
    reader = StreamReader(bounded, emit_chunks=True, validate_crcs=True, record_size_limit=MAX_RECORD_BYTES)
    for outer in reader.records:
        for record in _opened(outer, name):
            if isinstance(record, Schema):
                kinds[record.id] = record.name
            elif isinstance(record, Channel):
                _check_channel(record, kinds.get(record.schema_id, ""), name)
                channels[record.id] = record.topic
            elif isinstance(record, Message):
                yield record


class _Bounded:
    """Refuses one read of more than a record: lengths inside a record are not checked by the mcap library."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream

    def read(self, size_bytes: int) -> bytes:
        if not 0 <= size_bytes <= MAX_RECORD_BYTES:
            raise ValueError(f"a field of {size_bytes} bytes, at most {MAX_RECORD_BYTES} are read")
        return self._stream.read(size_bytes)


def _opened(record: McapRecord, name: str) -> list[McapRecord]:
    if not isinstance(record, Chunk):
        return [record]
    if record.compression:
        raise InputError(f"{name}: compressed chunk", actual=record.compression, expected="none")
    return breakup_chunk(record, validate_crc=True)


def _check_channel(channel: Channel, kind: str, name: str) -> None:
    if TOPICS.get(channel.topic) != kind or channel.message_encoding != "cdr":
        actual = f"{channel.topic[:80]} of {kind[:80]} in {channel.message_encoding[:20]}"
        raise InputError(f"{name}: unexpected channel", actual=actual, expected="a topic of simgate in cdr")
