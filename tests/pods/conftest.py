"""One deployment for all tests of pods that need an Airflow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pods.deployment import Deployment, deployment
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.minio import MinioServer
from tests.servers.simgate_images import probe_image


@pytest.fixture(scope="session")
def pods_world(cluster: Cluster, minio: MinioServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Airflow, whose stages are pods of a real Kubernetes over a real MinIO."""
    with deployment(cluster, minio, probe_image(), tmp_path_factory.mktemp("pods")) as found:
        yield found


@pytest.fixture
def world_of_pods(pods_world: Deployment) -> Iterator[Deployment]:
    """The same with default settings, and without a pod of an earlier test."""
    pods_world.configure()
    pods_world.no_pods()
    yield pods_world
    pods_world.configure()
