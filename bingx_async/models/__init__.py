"""Plain frozen values made of the exchange's replies. Money is `Decimal`, never float."""

from bingx_async.models import enums, oco, orders, outcome
from bingx_async.models.enums import *
from bingx_async.models.oco import *
from bingx_async.models.orders import *
from bingx_async.models.outcome import *

__all__: list[str] = []
__all__ += enums.__all__
__all__ += oco.__all__
__all__ += orders.__all__
__all__ += outcome.__all__
