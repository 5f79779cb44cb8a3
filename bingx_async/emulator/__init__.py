"""An emulator of BingX spot that enforces the quotas, because the exchange has no testnet for spot.

    emulator = Emulator()
    client = BingXClient("emulator-key-1001", "emulator-secret-1001", transport=emulator.transport())

    async with Emulator(latency=0.025, jitter=0.005).serve() as server:
        client = BingXClient("emulator-key-1001", "emulator-secret-1001", base_url=server.url)

It shares the library's facts (paths, quotas, groups) and none of its arithmetic, so that it does not agree with
the library's mistakes. Moments are epoch ms of the emulator's clock or of its server's, spans are ms where the name
says so and seconds elsewhere. The server needs the extra `bingx_async[emulator]`, the transport does not.
"""

from bingx_async.emulator.emulator import Emulator
from bingx_async.emulator.faults import Alter, Answer, CloseAfter, CloseBefore, Delay, Fault, Html, Truncate
from bingx_async.emulator.limits import MODELS, Model
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.market.market import Market, MarketKind
from bingx_async.emulator.settings import Account, EmulatorSettings, default_accounts
from bingx_async.emulator.stats import AddressStats, EndpointStats, Stats, StreamStats
from bingx_async.emulator.streams.faults import (
    Bomb,
    BrokenGzip,
    Cut,
    CutHere,
    Drop,
    Duplicate,
    EndKey,
    Late,
    RefuseHandshake,
    Reorder,
    SilentTopic,
    StreamFault,
    SwallowAck,
)
from bingx_async.emulator.traffic import Reply, Request
from bingx_async.emulator.variants import LIVE, Variants

__all__ = [
    "LIVE",
    "MODELS",
    "Account",
    "AddressStats",
    "Alter",
    "Answer",
    "Bomb",
    "BrokenGzip",
    "CloseAfter",
    "CloseBefore",
    "Cut",
    "CutHere",
    "Delay",
    "Drop",
    "Duplicate",
    "Emulator",
    "EmulatorSettings",
    "EndKey",
    "EndpointStats",
    "Fault",
    "Html",
    "Late",
    "Listing",
    "Market",
    "MarketKind",
    "Model",
    "RefuseHandshake",
    "Reorder",
    "Reply",
    "Request",
    "SilentTopic",
    "Stats",
    "StreamFault",
    "StreamStats",
    "SwallowAck",
    "Truncate",
    "Variants",
    "default_accounts",
]
