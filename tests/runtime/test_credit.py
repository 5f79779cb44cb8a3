"""Credit: a token comes back earlier by part of what a reply's way back surely took."""

from __future__ import annotations

import socket
import sys

import anyio
import pytest

from bingx_async import BingXClient, Governor
from bingx_async.runtime.http import sockets
from bingx_async.runtime.http.sockets import default_transport, httpcore_transport, min_rtt_of
from tests.runtime.hall import CANCEL_ORDER, OK, Backend, Hall, backends, run
from tests.runtime.server import OK as REPLY
from tests.runtime.server import serving


@backends
def test_credit(backend: Backend) -> None:
    """After 32 replies, half of the shortest round trip less 2 ms; none without a TCP floor, none by default."""

    async def main(credit: float, floor: float | None) -> float:
        hall = Hall(profile="unlimited", credit=credit)
        for _ in range(32):
            permit = await hall.acquire()
            await anyio.sleep(0.05)
            hall.governor.settle(permit, OK, hall.clock.monotonic(), {}, floor)
        return hall.governor.snapshot().credit

    assert run(backend, main, 0.5, 40.0) == pytest.approx(0.018)
    assert run(backend, main, 0.5, 400.0) == pytest.approx(0.023)  # never more than the call itself took
    assert run(backend, main, 0.5, None) == 0.0
    assert run(backend, main, 0.0, 40.0) == 0.0


def test_kernel_floor() -> None:
    """The kernel's smallest round trip of a loopback connection is a fraction of a millisecond, where it tells."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
        with near, far:
            far.sendall(b"x")
            near.recv(1)
            near.sendall(b"x")
            far.recv(1)
            floor = min_rtt_of(near)
    if sys.platform == "linux":
        assert floor is not None
        assert 0 < floor < 1_000
    else:
        assert floor is None or floor > 0
    assert min_rtt_of(near) is None  # closed


class Short:
    """A socket whose kernel knows less."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def getsockopt(self, *_: int) -> bytes:
        """What the kernel says."""
        return self.answer


@pytest.mark.parametrize("answer", [b"", bytes(152), b"\xff" * 152])
def test_kernel_says_nothing(answer: bytes) -> None:
    """An older kernel's shorter answer, zero and "never measured" give no floor."""
    assert min_rtt_of(Short(answer)) is None  # type: ignore[arg-type]


def test_no_such_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no such option there is no floor."""
    monkeypatch.delattr(sockets.socket, "TCP_INFO", raising=False)
    assert min_rtt_of(Short(bytes(152))) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "backend"),
    [(default_transport, "asyncio"), (httpcore_transport, "asyncio"), (httpcore_transport, "trio")],
    ids=["own", "httpcore", "httpcore-trio"],
)
def test_over_sockets(make, backend: Backend) -> None:
    """With credit on, calls over real sockets feed the floor; they work the same."""

    async def main() -> None:
        async with serving((REPLY, "keep")) as server:
            governor = Governor(profile="unlimited", credit=0.5)
            inner = make()
            client = BingXClient("k", "s", base_url=server.url, governor=governor, transport=inner, carrier="json")
            for number in range(40):
                await client.spot.cancel_order("BTC-USDT", number + 1)
            assert governor.eta(CANCEL_ORDER, account=1) == 0
            assert governor.snapshot().credit >= 0.0
            await client.aclose()
            await inner.aclose()

    anyio.run(main, backend=backend)
