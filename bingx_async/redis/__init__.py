"""The shared store on Redis or Valkey, for several processes on one account or address. Extra: `[redis]`."""

try:
    import redis.asyncio as _redis  # noqa: F401
except ImportError as error:
    raise ImportError('RedisStore needs redis-py: pip install "bingx_async[redis]"') from error

from bingx_async.redis.store import RedisStore

__all__ = ["RedisStore"]
