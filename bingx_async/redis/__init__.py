"""A shared store on Redis or Valkey, for several processes on one account or address. Needs the extra `[redis]`."""

from importlib.util import find_spec

if find_spec("redis") is None:
    raise ImportError('RedisStore needs redis-py: pip install "bingx_async[redis]"')

from bingx_async.redis.store import RedisStore

__all__ = ["RedisStore"]
