"""Real sockets on loopback: what leaves, what comes back, and what each failure proves about what was sent."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import socket
import ssl
import sys
import traceback
import warnings
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest

from bingx_async import BingXClient, ConnectFailed, OutcomeUnknown
from bingx_async.runtime.clock import monotonic_ms, wall_ms
from bingx_async.runtime.http import sockets
from bingx_async.runtime.http.connection import Connection
from bingx_async.runtime.http.connections import Connections, Limit
from bingx_async.runtime.http.dialer import Dialer
from bingx_async.runtime.http.host import Origin
from bingx_async.runtime.http.message import Headers, Request, Unanswered
from bingx_async.runtime.http.own import Own
from bingx_async.runtime.http.sockets import default_transport, httpcore_transport
from bingx_async.runtime.http.transport import LINGER, LINGER_RESET, Transport
from tests.certificate import make_certificate
from tests.runtime.server import OK, Server, serving, unused_port

TCP_CLOSE = 7  # the state of a socket whose connection is gone (Linux)
Make = Callable[[], httpx.AsyncBaseTransport]
GET = Request("GET", "/time")
POST = Request("POST", "/cancel", body=b'{"a":1}', headers=Headers((b"Content-Type", b"application/json")))
QUERY = Request("POST", "/cancel", query="a=1,2&signature=00ff", headers=Headers((b"X-BX-APIKEY", b"key")))

both = pytest.mark.parametrize(
    ("make", "backend"),
    [(default_transport, "asyncio"), (httpcore_transport, "asyncio"), (httpcore_transport, "trio")],
    ids=["own", "httpcore", "httpcore-trio"],
)


class Made:
    """A request that is made when it can leave."""

    def __init__(self, request: Request) -> None:
        self.path, self.request = request.path, lambda: request


def made(request: Request) -> Any:
    """The draft of `request`."""
    return Made(request)


def on_server(
    make: Make, backend: Any, act: Callable[[Transport, Server], Awaitable[None]], *script: tuple[bytes, str]
) -> Server:
    """Run `act` with a transport and a raw server, in real time."""

    async def main() -> Server:
        with anyio.fail_after(20):
            async with serving(*script) as server:
                transport = Transport(None, (server.url,), monotonic_ms)
                transport._line = transport._line_of(make())
                try:
                    await act(transport, server)
                finally:
                    await transport.aclose()
                return server

    return anyio.run(main, backend=backend)


@both
def test_bytes(make: Make, backend: Any) -> None:
    """Method, target and body arrive as they were signed: nothing is escaped, added to the body, or followed."""

    async def act(transport: Transport, server: Server) -> None:
        for request in (GET, POST, QUERY):
            reply = await transport.send(made(request), 5)
            assert (reply.status, reply.text) == (200, '{"code":0}')
            assert reply.headers["content-length"] == "10"

    server = on_server(make, backend, act, (OK, "keep"))
    heads = [request.split(b"\r\n")[0] for request in server.requests]
    assert heads == [b"GET /time HTTP/1.1", b"POST /cancel HTTP/1.1", b"POST /cancel?a=1,2&signature=00ff HTTP/1.1"]
    assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [b"", b'{"a":1}', b""]
    lines = [sorted(request.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")) for request in server.requests]
    assert b"content-length: 0" in lines[2]
    assert b"x-bx-apikey: key" in lines[2]
    names = [sorted(line.partition(b":")[0] for line in each if b":" in line) for each in lines]
    assert names == [
        [b"host"],
        [b"content-length", b"content-type", b"host"],
        [b"content-length", b"host", b"x-bx-apikey"],
    ]
    assert server.connections == 1


@both
def test_redirects_are_not_followed(make: Make, backend: Any) -> None:
    """A redirect is a reply like any other."""

    async def act(transport: Transport, server: Server) -> None:
        assert (await transport.send(made(POST), 5)).status == 307

    moved = b"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    assert len(on_server(make, backend, act, (moved, "keep")).requests) == 1


@both
def test_refused_port(make: Make, backend: Any) -> None:
    """Nothing listens on the port: nothing was sent."""

    async def act(transport: Transport, server: Server) -> None:
        server.port = unused_port()
        unreachable = Transport(make(), (server.url,), monotonic_ms)
        with pytest.raises(ConnectFailed) as caught:
            await unreachable.send(made(POST), 5)
        assert "nothing was sent" in str(caught.value)
        assert caught.value.__cause__ is not None
        await unreachable.aclose()  # not its own transport
        assert unreachable._line is not None
        await unreachable._line.aclose()

    on_server(make, backend, act, (OK, "keep"))


@both
@pytest.mark.parametrize("request_", [GET, POST, QUERY], ids=["get", "post", "query"])
@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", b"garbage\r\n\r\n"],
    ids=["nothing", "half a head", "half a body", "garbage"],
)
def test_closed_before_the_reply(make: Make, backend: Any, request_: Request, answer: bytes) -> None:
    """The connection ends after the request was written: `Unanswered`, sent once, and no text shows the query."""

    async def act(transport: Transport, server: Server) -> None:
        with pytest.raises(Unanswered) as caught:
            await transport.send(made(request_), 5)
        reply = caught.value.reply
        assert (reply.text if reply else None) == ("{" if answer.endswith(b"{") else None)
        assert "signature=" not in "".join(traceback.format_exception(caught.value))

    server = on_server(make, backend, act, (answer, "close"))
    assert len(server.requests) == 1


@both
@pytest.mark.parametrize("request_", [GET, POST], ids=["get", "post"])
def test_dead_kept_alive_connection(make: Make, backend: Any, request_: Request) -> None:
    """The server closes a kept-alive connection when the second request has arrived: it is not sent again."""

    async def act(transport: Transport, server: Server) -> None:
        await transport.send(made(request_), 5)
        with pytest.raises(Unanswered):
            await transport.send(made(request_), 5)
        await transport.send(made(request_), 5)

    server = on_server(make, backend, act, (OK, "keep"), (b"", "close"), (OK, "keep"))
    assert len(server.requests) == 3


@both
def test_closed_while_idle(make: Make, backend: Any) -> None:
    """A connection that the server closed between two requests: each request arrives at most once."""

    async def act(transport: Transport, server: Server) -> None:
        for _ in range(4):
            try:
                await transport.send(made(GET), 5)
            except (Unanswered, ConnectFailed):
                server.requests.append(b"failed")

    server = on_server(make, backend, act, (OK, "close"))
    assert len(server.requests) == 4


@both
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"], ids=["head", "body"])
def test_read_timeout(make: Make, backend: Any, answer: bytes) -> None:
    """No reply in time, or no end of it: `Unanswered`."""

    async def act(transport: Transport, server: Server) -> None:
        with pytest.raises(Unanswered):
            await transport.send(made(POST), 0.5)

    assert len(on_server(make, backend, act, (answer, "hang")).requests) == 1


@both
def test_what_came_before_the_deadline(make: Make, backend: Any) -> None:
    """A reply that has not ended in time comes with the error, as far as it has come."""

    async def act(transport: Transport, server: Server) -> None:
        with pytest.raises(Unanswered, match=r"no reply within 0\.5 s") as caught:
            await transport.send(made(POST), 0.5)
        assert caught.value.reply is not None
        assert (caught.value.reply.status, caught.value.reply.text) == (200, '{"code":0')

    on_server(make, backend, act, (b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"code":0', "hang"))


@both
@pytest.mark.parametrize("before", [0.2, 5.0])
def test_every_answer_has_its_own_deadline(make: Make, backend: Any, before: float) -> None:
    """On a connection that has served already, neither an earlier nor a later deadline of the last call counts."""

    async def act(transport: Transport, server: Server) -> None:
        assert (await transport.send(made(POST), before)).status == 200
        began = anyio.current_time()
        with pytest.raises(Unanswered, match=r"no reply within 0\.6 s"):
            await transport.send(made(POST), 0.6)
        assert 0.59 <= anyio.current_time() - began < 2.0

    assert on_server(make, backend, act, (OK, "keep"), (b"", "hang")).connections == 1


async def test_places_are_passed_on_in_order() -> None:
    """Those that wait for a connection get one in the order in which they came, without those that gave up."""
    limit, let_in = Limit(1), list[int]()

    async def wait(number: int) -> None:
        await limit.wait()
        let_in.append(number)

    await wait(0)
    waiting = [asyncio.create_task(wait(number)) for number in range(1, 5)]
    await asyncio.sleep(0)
    assert (limit.take(), let_in) == (False, [0])
    waiting[0].cancel()
    limit.release()
    waiting[1].cancel()  # at the instant in which it was let in
    await asyncio.wait(waiting[:3])
    assert let_in == [0, 3]
    limit.release()
    await waiting[3]
    limit.release()
    assert (let_in, limit.take(), limit.take()) == ([0, 3, 4], True, False)


@pytest.mark.parametrize("lives", [["asyncio", "asyncio", "asyncio"], ["asyncio", "trio", "asyncio"]])
def test_one_event_loop_after_the_other(lives: list[Any]) -> None:
    """In a new event loop the client opens new connections; nothing is written to those of a loop that has ended."""

    async def one() -> None:
        async with serving((OK, "keep")) as server:
            transport._hosts = Transport(None, (server.url,), monotonic_ms)._hosts
            assert (await transport.send(made(POST), 5)).status == 200
            assert (await transport.send(made(POST), 5)).status == 200
            assert (server.connections, len(server.requests)) == (1, 2)

    transport = Transport(None, ("http://127.0.0.1:1",), monotonic_ms)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what was not closed in its loop says so
        for backend in lives:
            anyio.run(one, backend=backend)
        del transport._line
        gc.collect()


def test_two_event_loops_at_a_time() -> None:
    """A client in use in one event loop refuses calls from another, and sends nothing."""

    async def outer() -> None:
        async with serving((OK, "keep")) as server:
            transport = Transport(None, (server.url,), monotonic_ms)
            await transport.send(made(POST), 5)
            with pytest.raises(ConnectFailed, match="another event loop"):
                await anyio.to_thread.run_sync(anyio.run, transport.send, made(POST), 5)
            assert len(server.requests) == 1
            await transport.aclose()

    anyio.run(outer)


def is_gone(connection: socket.socket) -> bool:
    return connection.fileno() == -1 or connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE


@pytest.mark.skipif(sys.platform != "linux", reason="reads the state of a socket")
def test_given_up_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call given up over TLS is reset at once too, though the other side is silent: nothing is delivered later."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make_certificate(key, certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    accepted: list[socket.socket] = []

    async def never_read_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        accepted.append(writer.get_extra_info("socket"))

    async def main() -> None:
        async with await asyncio.start_server(never_read_on, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            transport = Transport(default_transport(), (f"https://localhost:{port}",), monotonic_ms)
            with pytest.raises(Unanswered, match="no reply within"):
                await transport.send(made(POST), 0.5)
            with anyio.fail_after(LINGER_RESET / 1000.0):
                while not is_gone(accepted[0]):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert transport._line is not None
            await transport._line.aclose()

    asyncio.run(main())


@both
def test_given_up(make: Make, backend: Any) -> None:
    """A call cancelled in flight has its connection closed, and the next one works."""

    async def act(transport: Transport, server: Server) -> None:
        with anyio.move_on_after(0.4) as scope:
            await transport.send(made(POST), 5)
        assert scope.cancelled_caught
        assert (await transport.send(made(POST), 5)).status == 200

    assert on_server(make, backend, act, (b"", "hang"), (OK, "keep")).connections == 2


def locals_of(error: BaseException) -> str:
    """The locals of every frame in the chain but the tests' own, in files of any package."""
    found: list[str] = []
    left: list[traceback.TracebackException | None] = [
        traceback.TracebackException.from_exception(error, capture_locals=True)
    ]
    while left:
        each = left.pop()
        if each is not None:
            left += [each.__cause__, each.__context__]
            found += [f"{frame.name} {frame.locals}" for frame in each.stack if "/tests/" not in frame.filename]
    return "\n".join(found)


@both
@pytest.mark.parametrize("how", ["closed", "garbled", "cancelled", "refused"])
def test_no_frame_shows_a_secret(make: Make, backend: Any, how: str) -> None:
    """Whatever goes wrong in a transport: no frame of any package, shown with its locals, holds key or signature."""
    secret = Request("POST", "/cancel", "signature=5ec2e7", b'"5ec2e7"', Headers((b"X-BX-APIKEY", b"5ec2e7")))
    caught: list[BaseException] = []

    async def act(transport: Transport, server: Server) -> None:
        if how == "refused":
            transport._hosts = Transport(None, (f"http://127.0.0.1:{unused_port()}",), monotonic_ms)._hosts
        try:
            if how == "cancelled":
                with anyio.fail_after(0.3):
                    await transport.send(made(secret), 5)
            await transport.send(made(secret), 5)
        except Exception as error:
            caught.append(error)

    answer = {"closed": (b"", "close"), "garbled": (b"no HTTP at all\r\n\r\n", "close")}.get(how, (b"", "hang"))
    on_server(make, backend, act, answer)
    shown = locals_of(caught[0])
    assert "5ec2e7" not in shown
    assert "send " in shown or how == "cancelled"  # the library's own frames are really there


@both
def test_pool_is_full(make: Make, backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection free in time: nothing was sent."""
    monkeypatch.setattr(sockets.default_transport, "__defaults__", (monotonic_ms, 1, None))
    monkeypatch.setattr(sockets.httpcore_transport, "__defaults__", (1, None))

    async def act(transport: Transport, server: Server) -> None:
        async def first() -> None:
            with pytest.raises(Unanswered):
                await transport.send(made(POST), 0.5)

        async with anyio.create_task_group() as group:
            group.start_soon(first)
            while not server.requests:
                await anyio.lowlevel.checkpoint()
            with pytest.raises(ConnectFailed):
                await transport.send(made(POST), 0.2)

    assert len(on_server(make, backend, act, (b"", "hang")).requests) == 1


@both
def test_closed(make: Make, backend: Any) -> None:
    """After closing nothing is sent and no new transport is made; closing twice is harmless."""

    async def act(transport: Transport, server: Server) -> None:
        await transport.send(made(POST), 5)
        await transport.aclose()
        await transport.aclose()
        with pytest.raises(ConnectFailed):
            await transport.send(made(POST), 5)
        assert transport._line is None

    assert len(on_server(make, backend, act, (OK, "keep")).requests) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_lazy(backend: Any) -> None:
    """A transport of ours is made at the first request, and one that never was closes quietly."""

    async def main() -> None:
        idle = Transport(None, ("http://127.0.0.1:1",), monotonic_ms)
        await idle.aclose()
        await default_transport().aclose()
        async with serving((OK, "keep")) as server:
            transport = Transport(None, (server.url,), monotonic_ms)
            assert (await transport.send(made(POST), 5)).status == 200
            kind = Connections if backend == "asyncio" else httpx.AsyncHTTPTransport
            assert transport._line is not None
            assert type(transport._line.inner) is kind
            await transport.aclose()

    anyio.run(main, backend=backend)


def test_linger() -> None:
    """Our own sockets are reset, so a call given up can hardly be counted late; others may close politely."""
    assert Transport(None, ("http://x",), monotonic_ms).linger == LINGER_RESET
    mock = httpx.MockTransport(lambda request: httpx.Response(200))
    assert Transport(mock, ("http://x",), monotonic_ms).linger == LINGER


def test_default() -> None:
    """Connections of our own under asyncio, httpx' transport under trio."""

    async def main() -> type:
        return type(default_transport())

    assert anyio.run(main, backend="asyncio") is Connections
    assert anyio.run(main, backend="trio") is httpx.AsyncHTTPTransport


def test_repr() -> None:
    """A request's repr shows method and path, neither headers nor parameters."""
    assert repr(QUERY) == "Request(method='POST', path='/cancel')"


@both
def test_client_over_sockets(make: Make, backend: Any) -> None:
    """A client on its own transport: the looks at the clock open three connections, which the calls use; and a failing
    call shows no signature in any own frame."""
    time = b'HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n{"code":0,"data":{"serverTime":%d}}\n' % int(wall_ms())

    async def main() -> None:
        async with serving(*[(time, "keep")] * 3, (OK, "keep"), (b"", "close")) as server:
            inner = make()
            async with BingXClient(
                "the-key", "the-secret", base_url=server.url, carrier="query", transport=inner
            ) as client:
                await client.spot.cancel_order("BTC-USDT", 1)
                with pytest.raises(OutcomeUnknown) as caught:
                    await client.spot.cancel_order("BTC-USDT", 1)
            await inner.aclose()
            assert len(server.requests) == 5
            assert server.connections <= 5  # three looks at the clock at once, and one to spare
            signature = re.search(rb"signature=([0-9a-f]{64})", server.requests[-1])
            assert signature is not None
            shown: list[str] = []
            trace: traceback.TracebackException | None = traceback.TracebackException.from_exception(
                caught.value, capture_locals=True
            )
            while trace is not None:
                shown += [str(frame.locals) for frame in trace.stack if "/bingx_async/" in frame.filename]
                trace = trace.__cause__
            text = "".join(traceback.format_exception(caught.value)) + "\n".join(shown)
            for secret in ("the-key", "the-secret", signature[1].decode()):
                assert secret not in text
            assert "in cancel_order" in text

    anyio.run(main, backend=backend)


async def test_no_span_shows_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign transport that OpenTelemetry instruments is called without it, and only while it is called."""
    seen: list[bool] = []
    state = {"suppressed": False}

    @contextlib.contextmanager
    def suppress_instrumentation() -> Iterator[None]:
        state["suppressed"] = True
        yield
        state["suppressed"] = False

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(state["suppressed"])
        return httpx.Response(200, text='{"code":0}')

    utils = SimpleNamespace(suppress_instrumentation=suppress_instrumentation)
    transport = Transport(httpx.MockTransport(answer), ("http://x",), monotonic_ms)
    await transport.send(made(QUERY), 5)
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.utils", utils)
    await transport.send(made(QUERY), 5)
    assert (seen, state["suppressed"]) == ([False, True], False)


async def test_closed_while_a_connection_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is closed while a call opens its connection sends nothing any more, and leaves nothing open."""
    dial, may_go_on = Dialer.dial, asyncio.Event()

    async def dial_slowly(self: Dialer, origin: Origin) -> Connection:
        connection = await dial(self, origin)
        await may_go_on.wait()
        return connection

    monkeypatch.setattr(Dialer, "dial", dial_slowly)
    async with serving((OK, "keep")) as server:
        transport = Transport(None, (server.url,), monotonic_ms)
        sending = asyncio.create_task(transport.send(made(POST), 5))
        while not server.connections:  # noqa: ASYNC110
            await asyncio.sleep(0)
        connections = transport._line
        await transport.aclose()
        may_go_on.set()
        with pytest.raises(ConnectFailed, match="nothing was sent"):
            await sending
        await asyncio.sleep(0.05)
        assert server.requests == []
        assert isinstance(connections, Own)
        assert connections.inner.open == set()
        with pytest.raises(httpx.ConnectError, match="closed"):
            await connections.inner.lease(Origin("127.0.0.1", server.port, False), 1.0)


@pytest.mark.parametrize("timeout", [5.0, None])
async def test_as_a_transport_of_httpx(timeout: float | None) -> None:
    """Our connections serve httpx' client too, which may set no timeout."""
    async with serving((OK, "keep"), (OK, "keep"), (b"", "close")) as server:
        async with httpx.AsyncClient(transport=default_transport(), timeout=timeout) as client:
            for _ in range(2):
                response = await client.post(f"{server.url}/a?b=1,2", json={"c": 3})
                assert (response.status_code, response.json()) == (200, {"code": 0})
            with pytest.raises(httpx.ReadError):
                await client.get(server.url)
        assert server.connections == 1
        assert server.requests[0].startswith(b"POST /a?b=1,2 HTTP/1.1")
        assert server.requests[0].endswith(b'{"c":3}')
