"""Every method on orders together: placing, asking, cancelling; plain orders and OCO orders."""

from __future__ import annotations

from bingx_async.spot.batch_placing import BatchPlacing
from bingx_async.spot.cancels import Cancels
from bingx_async.spot.oco import OcoOrders
from bingx_async.spot.placing import Placing
from bingx_async.spot.queries import Queries
from bingx_async.spot.replacing import Replacing


class Orders(Cancels, Placing, BatchPlacing, Replacing, Queries, OcoOrders):
    """The methods on orders of the whole account."""
