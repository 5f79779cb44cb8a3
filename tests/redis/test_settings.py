"""Settings of `RedisStore` that cannot work."""

from __future__ import annotations

import re
from typing import Any

import pytest
import redis

from bingx_async import BingXError, InvalidRequest
from bingx_async.redis import RedisStore


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"namespace": ""}, "namespace must be a str that is not empty and has no braces, not ''"),
        ({"namespace": "a{b"}, "namespace must be a str that is not empty and has no braces, not 'a{b'"),
        ({"namespace": "}"}, "namespace must be a str that is not empty and has no braces, not '}'"),
        ({"namespace": 3}, "namespace must be a str that is not empty and has no braces, not 3"),
        ({"namespace": None}, "namespace must be a str that is not empty and has no braces, not None"),
        ({"timeout": 0.0}, "timeout must be a number above 0 and at most 1.5 seconds, not 0.0"),
        ({"timeout": 1.6}, "timeout must be a number above 0 and at most 1.5 seconds, not 1.6"),
        ({"timeout": float("nan")}, "timeout must be a number above 0 and at most 1.5 seconds, not nan"),
        ({"timeout": True}, "timeout must be a number above 0 and at most 1.5 seconds, not True"),
        ({"timeout": "1"}, "timeout must be a number above 0 and at most 1.5 seconds, not '1'"),
        ({"timeout": None}, "timeout must be a number above 0 and at most 1.5 seconds, not None"),
        ({"url_or_client": 3}, "url_or_client must be a URL or a client of redis.asyncio, not builtins.int"),
        (
            {"url_or_client": redis.Redis()},
            "url_or_client must be a URL or a client of redis.asyncio, not redis.client.",
        ),
        ({"url_or_client": "http://localhost"}, "url_or_client must be a redis://, rediss:// or unix:// URL"),
        ({"url_or_client": "redis://:secret@localhost:port"}, "url_or_client must be a redis://, rediss:// or unix://"),
        (
            {"url_or_client": "redis://localhost?colour=red"},
            "url_or_client must be a redis://, rediss:// or unix:// URL",
        ),
    ],
)
def test_wrong_settings(arguments: dict[str, Any], message: str) -> None:
    """A setting that cannot work is refused at once with an error of this library that names it."""
    settings: dict[str, Any] = {"url_or_client": "redis://localhost", **arguments}
    with pytest.raises(InvalidRequest, match=re.escape(message)) as caught:
        RedisStore(**settings)
    assert isinstance(caught.value, BingXError)
    assert isinstance(caught.value, ValueError)
    assert "secret" not in str(caught.value)
