"""Every endpoint of the exchange that this library knows, and the named profiles of quotas for them."""

from __future__ import annotations

from bingx_async.account import balances, listen_key, permissions
from bingx_async.core.catalogue import Catalogue, profiles_of
from bingx_async.spot import (
    batch_placing,
    cancels,
    klines,
    market,
    oco,
    oco_queries,
    placing,
    queries,
    replacing,
    switch,
    symbols,
    trades,
)

ORDERS = (cancels, placing, batch_placing, replacing, queries, switch, oco, oco_queries)
CATALOGUE = Catalogue.of((*ORDERS, market, trades, klines, symbols, balances, permissions, listen_key))
PROFILES = profiles_of(CATALOGUE)
