"""Shards: the same bytes when made again, readable by webdataset, seekable, and closed to hostile tars."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import webdataset
from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.core.errors import InputError
from simgate.data.record import SUFFIXES, encode_sample
from simgate.data.shard import ShardIndex, ShardReader, ShardWriter, read_members, read_shard
from tests.unit.synthetic import make_sample


def write(path: Path, frames: int = 3) -> ShardIndex:
    """A shard of one episode."""
    with ShardWriter(path) as writer:
        for frame in range(frames):
            writer.add(encode_sample(make_sample(frame=frame)))
        return writer.close()


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    write(tmp_path / "shard.tar")
    return tmp_path / "shard.tar"


def test_a_shard_made_twice_has_the_same_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.tar"), write(tmp_path / "b.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    assert first == second


def test_samples_stream_back_in_order(shard: Path) -> None:
    frames = [(sample.frame, sample.boxes) for sample in read_shard(shard)]
    assert frames == [(frame, make_sample(frame=frame).boxes) for frame in range(3)]


def test_a_reader_resumes_at_any_sample(tmp_path: Path) -> None:
    index = write(tmp_path / "shard.tar", frames=5)
    assert [sample.frame for sample in read_shard(tmp_path / "shard.tar", start=index.samples[3].start)] == [3, 4]


def test_random_access_gives_what_streaming_gives(tmp_path: Path) -> None:
    index = ShardIndex.from_json(write(tmp_path / "shard.tar").to_json(), what="index")
    streamed = list(read_members(tmp_path / "shard.tar"))
    with ShardReader(tmp_path / "shard.tar", index) as reader:
        assert [reader.members(i) for i in range(len(reader))] == [members for _, members in streamed]
        np.testing.assert_array_equal(reader[1].rgb, make_sample(frame=1).rgb)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its file to the collector
def test_the_webdataset_library_reads_it(shard: Path) -> None:
    read = list(webdataset.WebDataset(str(shard), shardshuffle=False).decode("pil"))
    assert [item["__key__"] for item in read] == [f"office_000000_{frame:04d}" for frame in range(3)]
    np.testing.assert_array_equal(np.asarray(read[2]["rgb.png"]), make_sample(frame=2).rgb)
    assert read[2]["json"]["command"] == {"lateral_speed_m_s": 0, "speed_m_s": 0.5, "yaw_rate_rad_s": 0.0}


def test_plain_tar_reads_it_without_owner_or_time(shard: Path) -> None:
    with tarfile.open(shard) as tar:
        members = tar.getmembers()
    assert [member.name for member in members[:5]] == [f"office_000000_0000{suffix}" for suffix in SUFFIXES]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}


def _hostile(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"x", size: int | None = None) -> bytes:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    info.size = len(data) if size is None else size
    return info.tobuf(tarfile.USTAR_FORMAT) + data.ljust(512, b"\0") + b"\0" * 1024


_GOOD = "office_000000_0000.rgb.png"
HOSTILE = {
    "path escape": (_hostile("../office_000000_0000.rgb.png"), "unexpected member"),
    "absolute path": (_hostile("/etc/passwd"), "unexpected member"),
    "strange name": (_hostile("office_000000_0000.pickle"), "unexpected member"),
    "symlink": (_hostile(_GOOD, tarfile.SYMTYPE, b""), "no plain file"),
    "hard link": (_hostile(_GOOD, tarfile.LNKTYPE, b""), "no plain file"),
    "device": (_hostile(_GOOD, tarfile.CHRTYPE, b""), "no plain file"),
    "folder": (_hostile("office_000000_0000", tarfile.DIRTYPE, b""), "no plain file"),
    "pax header": (_hostile("PaxHeader/x", tarfile.XHDTYPE), "no plain file"),
    "long name": (_hostile("././@LongLink", tarfile.GNUTYPE_LONGNAME), "no plain file"),
    "size beyond the file": (_hostile(_GOOD, size=10**6), "too large"),
    "size beyond the limit": (_hostile(_GOOD, size=8 * 10**9), "too large"),
    "out of order": (_hostile("office_000000_0000.json"), "out of order"),
    "sample cut short": (_hostile(_GOOD), "not whole"),
    "empty file": (b"", "no tar header"),
    "no tar": (b"hello" * 200, "no tar header"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_tar_is_refused(case: str, tmp_path: Path) -> None:
    data, reason = HOSTILE[case]
    (tmp_path / "bad.tar").write_bytes(data)
    with pytest.raises(InputError, match=reason):
        list(read_shard(tmp_path / "bad.tar"))


def test_a_tar_without_an_end_is_refused(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-1024])
    with pytest.raises(InputError, match="no tar header"):
        list(read_shard(shard))


def test_a_sample_under_another_name_is_refused(shard: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(shard) as old, tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as new:
        for member in old.getmembers()[:5]:
            content = old.extractfile(member)
            member.name = member.name.replace("_0000.", "_0009.")
            new.addfile(member, content)
    shard.write_bytes(data.getvalue())
    with pytest.raises(InputError, match="another sample"):
        list(read_shard(shard))


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 4096), flip=st.integers(1, 255))
def test_a_changed_byte_gives_an_input_error_or_a_sample_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int
) -> None:
    path = tmp_path_factory.mktemp("flip") / "shard.tar"
    write(path, frames=1)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= flip
    path.write_bytes(bytes(data))
    try:
        list(read_shard(path))
    except InputError:
        return


def test_an_index_of_another_shard_is_refused(tmp_path: Path) -> None:
    index = write(tmp_path / "long.tar", frames=3)
    write(tmp_path / "short.tar", frames=1)
    with ShardReader(tmp_path / "short.tar", index) as reader, pytest.raises(InputError, match="ends inside"):
        reader[2]


def test_an_index_without_a_member_is_refused(tmp_path: Path) -> None:
    text = write(tmp_path / "shard.tar").to_json().replace(b'".depth.png"', b'".other.png"')
    with pytest.raises(InputError, match="members"):
        ShardIndex.from_json(text, what="shard.index.json")
