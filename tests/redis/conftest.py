"""Tests against a real Redis server. Without one on the machine they say so and skip; CI has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.redis.server import INSTALLED, RedisServer

NEEDED = "needs redis-server on the PATH (apt-get install redis-server)"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests that do not harm it."""
    if INSTALLED is None:
        pytest.skip(NEEDED)
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """A function that starts a server for this test alone; options go to redis-server."""
    if INSTALLED is None:
        pytest.skip(NEEDED)
    started: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        started.append(RedisServer(tmp_path, *options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def namespace() -> str:
    """A namespace that no other test uses."""
    return uuid4().hex
