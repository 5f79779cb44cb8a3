"""The published ccxt against a server on loopback: its market known beforehand, its own limiter off."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt.async_support as ccxt

from benchmarks.server import KEY, SECRET

MARKET: dict[str, Any] = {
    "id": "BTC-USDT",
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "type": "spot",
    "spot": True,
    "active": True,
    "precision": {"amount": 0.000001, "price": 0.01},
}


@asynccontextmanager
async def exchange_at(url: str) -> AsyncIterator[ccxt.bingx]:
    """ccxt's exchange, with the market `MARKET` alone."""
    exchange = ccxt.bingx({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False})
    exchange.cafile = os.environ.get("SSL_CERT_FILE", exchange.cafile)
    exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], f"{url}/openApi")
    exchange.set_markets([exchange.safe_market_structure(MARKET)])
    try:
        yield exchange
    finally:
        await exchange.close()
