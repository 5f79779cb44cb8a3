"""An exchange that answers every signed call with one order, as lightly as Python can.

It runs in a process of its own, so that only the client's CPU is measured. It checks each signature over the
tokens as they came: a contender that skips a part of the work is refused, and the benchmark stops.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

KEY, SECRET = "benchmark-key", "benchmark-secret"
ORDER = {
    "symbol": "BTC-USDT",
    "orderId": 1736007506620112100,
    "price": "68412.5",
    "stopPrice": "0",
    "origQty": "0.0015",
    "executedQty": "0",
    "cummulativeQuoteQty": "0",
    "status": "CANCELED",
    "type": "LIMIT",
    "side": "BUY",
    "clientOrderID": "",
    "transactTime": 1790000000000,
}
RULES = {
    "symbol": "BTC-USDT",
    "tickSize": 0.01,
    "stepSize": 0.000001,
    "minNotional": 2,
    "maxNotional": 1000000,
    "status": 1,
    "apiStateBuy": True,
    "apiStateSell": True,
}
SYMBOLS = json.dumps({"code": 0, "msg": "", "debugMsg": "", "data": {"symbols": [RULES]}}).encode()
ACCEPTED = json.dumps({"code": 0, "msg": "", "debugMsg": "", "data": ORDER}).encode()
REFUSED = b'{"code":100001,"msg":"signature verification failed","data":{}}'
HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: application/json; charset=utf-8\r\nConnection: keep-alive\r\n"
    b"X-RateLimit-Requests-Remain: 4\r\nX-RateLimit-Requests-Expire: 1\r\nContent-Length: %d\r\n\r\n%s"
)


def answer(target: str, body: bytes) -> bytes:
    """The reply's body."""
    path, _, query = target.partition("?")
    if path.endswith("/server/time"):
        return b'{"code":0,"msg":"","data":{"serverTime":%d}}' % (time.time() * 1000)
    if path.endswith("/common/symbols"):
        return SYMBOLS
    if query:
        text, _, signature = query.partition("&signature=")
    else:
        tokens = json.loads(body)
        signature = tokens.pop("signature")
        text = "&".join(f"{name}={tokens[name]}" for name in sorted(tokens))
    sound = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest() == signature
    return ACCEPTED if sound else REFUSED


class Connection(asyncio.Protocol):
    """HTTP/1.1, kept alive, with a length for every body."""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            lengths = [int(line[15:]) for line in lines[1:] if line[:15].lower() == b"content-length:"]
            length = lengths[0] if lengths else 0
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            reply = answer(lines[0].split(b" ")[1].decode(), rest[:length])
            self.transport.write(HEAD % (len(reply), reply))  # type: ignore[attr-defined]


async def serve(key: str = "", certificate: str = "") -> None:
    """Serve on a free port, said in the first line of output, until the input ends; over TLS with a key."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if key else None
    if context is not None:
        context.load_cert_chain(certificate, key)
    server = await loop.create_server(Connection, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def running(*tls: str) -> Iterator[str]:
    """The base URL of a server in a process of its own; over TLS with a key and a certificate."""
    command = [sys.executable, "-m", "benchmarks.server", *tls]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            yield f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
