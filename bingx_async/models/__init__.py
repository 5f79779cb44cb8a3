"""Plain frozen values made of the exchange's replies. Money is `Decimal`, never float.

A file of this package exports the names of its `__all__`; they are names of this package and of `bingx_async` too.
"""

from bingx_async.models import fields, orders
from bingx_async.models.fields import *
from bingx_async.models.orders import *

# Put together at run time; a checker that reads it would want every name written out here once more.
globals()["__all__"] = [name for file in (fields, orders) for name in file.__all__]
