"""Behaviours of market data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bingx_async.emulator.behaviours.desk import Behaviour, Desk, Params


def server_time(desk: Desk, _params: Params) -> Any:
    """The server's clock."""
    return {"serverTime": desk.time}


MARKET: Mapping[str, Behaviour] = {"server_time": server_time}
