"""A raw TCP server in a thread of its own: it executes each request that arrived whole, then plays a fault."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from attrs import define, field

from bingx_async.catalogue import CATALOGUE
from bingx_async.spot.oco_queries import GET_OCO_ORDER, LIST_OPEN_OCO_ORDERS
from tests.faults.calls import KINDS, NUMBER, SIGNATURE, TARGET
from tests.faults.fault import Cut, End, Fault, honest
from tests.faults.record import Arrival, Record

T = TypeVar("T")
RESET = struct.pack("ii", 1, 0)
BY_PATH = {it.path: kind for name, kind in KINDS.items() for it in CATALOGUE.find_all(name)}  # of both families


# Reads that follow an answer: a pair that was not found may have been named by the id of its list.
LOOKS = (LIST_OPEN_OCO_ORDERS.path.encode(), GET_OCO_ORDER.path.encode())


class Gone(Exception):
    """The other side has closed the connection."""


@define(eq=False)
class Server(Record):
    """One listening socket. While `is_armed` every request meets the fault, otherwise each is answered honestly."""

    fault: Fault = field(kw_only=True)
    listener: socket.socket = field(kw_only=True)
    _tasks: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]])

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    async def listen(self) -> None:
        """Serve connections until it is closed."""
        loop = asyncio.get_running_loop()
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        while True:
            connection, _ = await loop.sock_accept(self.listener)
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = loop.create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End every connection."""
        for task in (tasks := list(self._tasks)):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        self.listener.close()

    async def _serve(self, connection: socket.socket) -> None:
        wire = Wire(connection)
        try:
            while await wire.has_more():
                if not await self._answer(wire):
                    return
        except (OSError, Gone):
            pass
        finally:
            connection.close()
            self.is_played = True

    async def _answer(self, wire: Wire) -> bool:
        """Read one request and answer it; whether the connection goes on."""
        fault = self.fault if self.is_armed else None
        self.begun += fault is not None
        if fault is not None and fault.cut is not None:
            await wire.read(fault.cut)
            return await self._play(wire, fault, b"")
        head, body = await wire.read_whole()
        if b"/server/time" in head:
            await wire.send(honest(b'{"code":0,"data":{"serverTime":%d}}' % wire.now()))
            return True
        if any(path in head for path in LOOKS):
            self.begun -= fault is not None
            await wire.send(honest(b'{"code":0,"data":[]}'))
            return True
        text = head.split(b"\r\n", 1)[0] + body
        number = NUMBER.search(text)
        assert number is not None, text
        signature = SIGNATURE.search(text)
        is_executed = fault is None or fault.is_executed
        self.arrived.append(Arrival(int(number[0]), is_executed, signature[1].decode() if signature else ""))
        kind = BY_PATH[head.split(b" ", 2)[1].partition(b"?")[0].decode()]
        honest_body = kind.body(int(number[0]))
        if fault is not None and int(number[0]) == TARGET:
            return await self._play(wire, fault, honest_body)
        await wire.send(honest(honest_body))
        return True

    async def _play(self, wire: Wire, fault: Fault, body: bytes) -> bool:
        for step in fault.reply(body):
            match step:
                case bytes():
                    if len(self.sent) < 100_000:
                        self.sent += step
                    await wire.send(step)
                case float():
                    await asyncio.sleep(step)
                case End.HANG:
                    while await wire.has_more():
                        await wire.receive(65536)
                    return False
                case End.RESET:
                    wire.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    return False
                case End.CLOSE:
                    return False
        self.is_played = True
        return True


class Wire:
    """The server's end of a connection. It reads no byte more than it is told to."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection, self._loop = connection, asyncio.get_running_loop()

    def now(self) -> int:
        """Epoch milliseconds."""
        return int(time.time() * 1000)

    async def has_more(self) -> bool:
        """Wait until a byte can be read, or the end; reads neither."""
        while True:
            with contextlib.suppress(BlockingIOError):
                return bool(self.connection.recv(1, socket.MSG_PEEK))
            ready = self._loop.create_future()
            self._loop.add_reader(self.connection, _set, ready)
            try:
                await ready
            finally:
                self._loop.remove_reader(self.connection)

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        await self._loop.sock_sendall(self.connection, data)

    async def receive(self, most: int) -> bytes:
        """Some bytes, at most so many."""
        data = await self._loop.sock_recv(self.connection, most)
        if not data:
            raise Gone
        return data

    async def read_whole(self) -> tuple[bytes, bytes]:
        """Head and body of a whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self.receive(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        while len(body) < length_in(head):
            body += await self.receive(65536)
        return head, body

    async def read(self, cut: Cut) -> None:
        """The part of a request before the cut."""
        if cut is Cut.NOTHING:
            return
        data = await self.receive(1)
        if cut is Cut.BYTE:
            return
        marks = {Cut.LINE: b"\r\n", Cut.HEADERS: b"\r\nUser-Agent:"}
        while marks.get(cut, b"\r\n\r\n") not in data:
            data += await self.receive(1)
            if cut is Cut.LAST and data.endswith(b"\r\n\r") and not length_in(data):
                return  # the last byte of a request without a body
        left = length_in(data)
        for _ in range({Cut.BODY: left // 2, Cut.LAST: left - 1}.get(cut, 0)):
            await self.receive(1)


def length_in(head: bytes) -> int:
    """The request's `Content-Length`."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n")[0]) if found else 0


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


class Stage:
    """The thread in which servers live."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run something there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    @contextlib.contextmanager
    def serving(self, fault: Fault) -> Iterator[Server]:
        """A server that is up while the block runs; it can be connected to at once."""
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        server = Server(fault=fault, listener=listener)
        self.start(server.listen())
        try:
            yield server
        finally:
            self.start(server.close())

    def close(self) -> None:
        """End the thread, once everything in it has ended."""
        self.start(_settled()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _settled() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
