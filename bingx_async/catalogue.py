"""Every endpoint of the exchange that this library knows, and the named profiles of quotas for them."""

from __future__ import annotations

from bingx_async.core.catalogue import Catalogue, profiles_of
from bingx_async.spot import market, oco, orders

CATALOGUE = Catalogue.of((orders, oco, market))
PROFILES = profiles_of(CATALOGUE)
