"""A store on the real MinIO that `simgate store init` set up, with an account for every role of two domains."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simgate.cli import main, store_init, store_key
from simgate.cli.store_server import Server
from simgate.core.storage.credentials import StoreKeys
from simgate.core.storage.store import Store
from simgate.rows.roles import DOMAIN_ROLES, ROLES, role_name
from tests.servers.minio import MinioServer

if TYPE_CHECKING:
    from minio import Minio, MinioAdmin

DOMAINS = ("main", "pr-7")
PEOPLE = [(role, domain) for domain in DOMAINS for role in ROLES if domain == "main" or role in DOMAIN_ROLES]
NAMES = [role_name(role, domain) for role, domain in PEOPLE]
"""Every role that there is: a role that is added is attacked by the same tests."""


@dataclass
class Guarded:
    """A store that was set up, with a key folder for every role."""

    minio: MinioServer
    server: Server
    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"s3://{self.server.bucket}/{self.server.prefix}"

    @property
    def root(self) -> Store:
        """As the administrator sees it."""
        return Store(self.url, self.server.keys)

    def keys(self, name: str) -> StoreKeys:
        found = StoreKeys.load(self.folder / name)
        assert found is not None
        return found

    def store(self, name: str) -> Store:
        return Store(self.url, self.keys(name))

    def client(self, name: str) -> Minio:
        """The plain SDK under a role's account: what an attacker would take."""
        return Server(self.server.bucket, self.server.prefix, self.keys(name)).client()

    def admin(self, name: str) -> MinioAdmin:
        from minio import MinioAdmin
        from minio.credentials.providers import StaticProvider

        keys = self.keys(name)
        account = StaticProvider(keys.access_key, keys.secret_key.get_secret_value())
        return MinioAdmin(endpoint=f"127.0.0.1:{self.minio.port}", credentials=account, secure=False)


@pytest.fixture(scope="session")
def guarded(minio: MinioServer, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    server = Server("guarded", "robots/one", minio.keys)
    folder = tmp_path_factory.mktemp("keys")
    said = list(store_init.init(server))
    for domain in DOMAINS:
        roles = [role for role, own in PEOPLE if own == domain]
        said += store_key.make_keys(server, roles, domain, folder, rotate=False, public_endpoint="")
    return Guarded(minio, server, folder, said)


def simgate(*words: str) -> int:
    """The command in this process; its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["simgate", *words])
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0
