"""A way to a Redis server that a test can slow down, interrupt and keep replies back on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.redis.server import RedisServer


class Proxy(NamedTuple):
    """`reset` ends every connection; clear `replies` to keep back what the server answers."""

    url: str
    reset: Callable[[], None]
    replies: asyncio.Event


@asynccontextmanager
async def proxy(server: RedisServer, delay: float = 0.0) -> AsyncIterator[Proxy]:
    """A way to the server on which replies take `delay` seconds."""
    replies = asyncio.Event()
    replies.set()
    writers: list[asyncio.StreamWriter] = []
    tasks: list[asyncio.Task[None]] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_reply: bool) -> None:
        try:
            while data := await reader.read(65536):
                if is_reply:
                    await asyncio.sleep(delay)
                    await replies.wait()
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", server.port)
        writers.extend((writer, back))
        tasks.append(asyncio.create_task(pump(there, writer, is_reply=True)))
        await pump(reader, back, is_reply=False)

    def reset() -> None:
        for writer in writers:
            writer.transport.abort()
        writers.clear()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Proxy(f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}/0", reset, replies)
    finally:
        listening.close()
        reset()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()
