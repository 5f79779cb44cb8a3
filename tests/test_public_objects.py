"""Objects that methods of the client make have public names too, for annotations."""

from __future__ import annotations

from typing import Any, get_origin, get_type_hints

import pytest

import bingx_async.spot

MADE = {
    "tracker": "Tracker",
    "as_strategy": "Strategy",
    "streams": "Streams",
    "streams.trades": "Stream",
    "streams.order_book": "OrderBook",
    "streams.orders": "AccountStream",
}


@pytest.mark.parametrize(("maker", "name"), MADE.items())
def test_objects_made_by_methods_have_public_names(maker: str, name: str) -> None:
    """The class of such an object can be imported from `bingx_async.spot`."""
    found: Any = bingx_async.spot.SpotApi
    for part in maker.split("."):
        made = getattr(found, part)
        found = get_type_hints(made.fget if isinstance(made, property) else made)["return"]
    assert (get_origin(found) or found) is getattr(bingx_async.spot, name)
    assert name in bingx_async.spot.__all__
