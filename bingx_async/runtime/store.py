"""Where quota is kept. In memory it is the ledger itself; a shared store answers the same questions elsewhere."""

from __future__ import annotations

from bingx_async.core.ledger import Ledger

MemoryStore = Ledger
