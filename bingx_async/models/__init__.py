"""Plain frozen values made of the exchange's replies. Money is `Decimal`, never float.

A file of this package exports the names of its `__all__`; they are names of this package and of `bingx_async` too.
"""

from bingx_async.models import (
    account,
    books,
    cancels,
    fields,
    intents,
    market,
    oco,
    orders,
    placing,
    resolution,
    rules,
    streams,
    switch,
    tracking,
)
from bingx_async.models.account import *
from bingx_async.models.books import *
from bingx_async.models.cancels import *
from bingx_async.models.fields import *
from bingx_async.models.intents import *
from bingx_async.models.market import *
from bingx_async.models.oco import *
from bingx_async.models.orders import *
from bingx_async.models.placing import *
from bingx_async.models.resolution import *
from bingx_async.models.rules import *
from bingx_async.models.streams import *
from bingx_async.models.switch import *
from bingx_async.models.tracking import *

# Put together at run time; a checker that reads it would want every name written out here once more.
files = (fields, orders, cancels, oco, placing, switch, resolution, market, rules, account)
of_streams = (streams, books, tracking, intents)
globals()["__all__"] = [name for file in (*files, *of_streams) for name in file.__all__]
