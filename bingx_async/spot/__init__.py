"""The spot product: declarations of its endpoints, and the typed methods on them."""

from bingx_async.core.options import CallOptions
from bingx_async.spot.api import SpotApi

__all__ = ["CallOptions", "SpotApi"]
