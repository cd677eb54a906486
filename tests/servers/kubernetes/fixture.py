"""Fixture: one cluster for all tests of a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.servers.cache import say
from tests.servers.kubernetes import host

if TYPE_CHECKING:
    from tests.servers.kubernetes.cluster import Cluster


def require_cluster() -> None:
    """Skip, with the exact reason, where no cluster can run; in CI that is a failure."""
    reason = host.refusal()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"CI must run the tests on Kubernetes: {reason}")
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real one-node Kubernetes; its logs are kept if a test failed."""
    require_cluster()
    from tests.servers.kubernetes.cluster import up  # a second of imports that other tests need not pay

    made = up(f"tests-{os.getpid()}", owned=True)
    try:
        yield made
    finally:
        if request.session.testsfailed:
            say(f"logs of the cluster: {made.keep_logs(tmp_path_factory.mktemp('cluster') / 'log')}")
        made.down()


@pytest.fixture(scope="session")
def probe_image(cluster: Cluster) -> str:
    """A small image of simgate on the cluster's node, by digest: the probe stage runs in it."""
    from tests.servers.simgate_images import probe_image as made

    image = made()
    cluster.load([image])
    return image.reference
