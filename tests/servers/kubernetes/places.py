"""Places: where things of a cluster lie, on disk and on the loopback network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.servers.cache import cache_folder


def home() -> Path:
    """The part of the cache that is about clusters."""
    folder = cache_folder() / "k8s"
    folder.mkdir(exist_ok=True)
    return folder


@dataclass(frozen=True)
class Places:
    """Where things of one cluster lie."""

    state: Path
    name: str
    network: int
    hyperkube: Path
    debian: Path

    @property
    def api_ip(self) -> str:
        """Address of the API server, of etcd, and of the service `kubernetes`."""
        return f"127.{self.network}.0.1"

    @property
    def node_ip(self) -> str:
        """Address and name of the one node."""
        return f"127.{self.network + 1}.0.1"

    @property
    def cgroup(self) -> str:
        """The cgroup that holds its pods."""
        return f"simgate-{self.name}"

    @property
    def kubeconfig(self) -> Path:
        """Of a cluster administrator."""
        return self.state / "kubeconfig"

    def document(self) -> dict[str, object]:
        """What the processes of the cluster are told."""
        return {
            "name": self.name,
            "network": self.network,
            "api_ip": self.api_ip,
            "node_ip": self.node_ip,
            "hyperkube": str(self.hyperkube),
            "debian": str(self.debian),
        }
