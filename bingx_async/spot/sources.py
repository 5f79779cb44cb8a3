"""Public pages of the exchange that document quotas, and the quotas and errors that several declarations share."""

from __future__ import annotations

from collections.abc import Mapping

from bingx_async.core.endpoint import Refusals
from bingx_async.core.quota import PAGES, Quota
from bingx_async.errors import OrderNotFound, OrderRefused

ORDERS = f"{PAGES}spot/trade-api.html"
NEWER_PAGES = "https://bingx-api.github.io/docs-v3/#/en/info"
LIMITS = "https://bingx.com/en/support/articles/31103871611289"

# Quotas of an account that other profiles name: the newer pages of the exchange, and its rates for lead traders.
NEWER: Mapping[str, Quota] = {"2025-10": Quota(10, 1.0, NEWER_PAGES)}
LEAD_TRADER: Mapping[str, Quota] = {**NEWER, "trader": Quota(1, 1.0, LIMITS)}

ORDER = Refusals(OrderNotFound, OrderRefused)
