"""A store in a dictionary: ten thousand copies of it are made in seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from simgate.core.errors import AlreadyExists, NotFound, StoreError
from simgate.core.storage.store import MAX_SMALL_BYTES, Store


class MemoryStore(Store):
    """What the release code asks of a store, from memory; objects are bytes, never changed in place."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        super().__init__("/nowhere")
        self.files = dict(files or {})

    def get(self, key: str, *, max_bytes: int = MAX_SMALL_BYTES) -> bytes:
        """The bytes of one object."""
        if key not in self.files:
            raise NotFound(f"object {key} does not exist")
        if len(self.files[key]) > max_bytes:
            raise StoreError(f"object {key} is too large")
        return self.files[key]

    def digest(self, key: str) -> str:
        """The SHA-256 of an object."""
        return hashlib.sha256(self.get(key)).hexdigest()

    def create(self, key: str, data: bytes) -> None:
        """Keep an object where none is."""
        if self.files.setdefault(key, data) != data:
            raise AlreadyExists(f"object {key} is taken by other bytes")

    def put(self, key: str, data: bytes | Path) -> str:
        """Keep an object."""
        self.files[key] = data.read_bytes() if isinstance(data, Path) else data
        return self.digest(key)

    def exists(self, key: str) -> bool:
        """Whether an object is there."""
        return key in self.files

    def each_key(self, prefix: str) -> Iterator[str]:
        """All keys under a folder."""
        return (key for key in self.files if not prefix or key.startswith(f"{prefix}/"))

    def children(self, prefix: str) -> tuple[list[str], list[str]]:
        """Folders and keys right below a folder."""
        below = [key.removeprefix(f"{prefix}/") for key in self.each_key(prefix)]
        folders = {f"{prefix}/{name.partition('/')[0]}" for name in below if "/" in name}
        return sorted(folders), sorted(f"{prefix}/{name}" for name in below if "/" not in name)

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.files.pop(key, None)

    def write_to(self, folder: Path, before: Mapping[str, bytes]) -> None:
        """Make a folder that holds `before` hold this store."""
        for key in before.keys() - self.files.keys():
            (folder / key).unlink()
        for key, data in self.files.items():
            if before.get(key) is not data:
                (folder / key).parent.mkdir(parents=True, exist_ok=True)
                (folder / key).write_bytes(data)
