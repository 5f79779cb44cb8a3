"""bingx_async: the asyncio client for BingX spot whose governor is never rejected and never idle."""

import logging

from bingx_async import errors, models
from bingx_async.catalogue import PROFILES as PROFILES
from bingx_async.client import BingXClient as BingXClient
from bingx_async.core import events as events
from bingx_async.core.events import Event as Event
from bingx_async.core.plain import to_dict as to_dict
from bingx_async.core.quota import IpGroup as IpGroup
from bingx_async.core.quota import Quota as Quota
from bingx_async.core.stream_limits import StreamLimits as StreamLimits
from bingx_async.errors import *
from bingx_async.governor import Governor as Governor
from bingx_async.models import *
from bingx_async.runtime.governor.reports import BucketSnapshot as BucketSnapshot
from bingx_async.runtime.governor.reports import BudgetSnapshot as BudgetSnapshot
from bingx_async.runtime.governor.reports import Snapshot as Snapshot
from bingx_async.spot.facts import Facts as Facts
from bingx_async.spot.tracker.journal import Journal as Journal
from bingx_async.spot.tracker.journal import MemoryJournal as MemoryJournal
from bingx_async.version import __version__ as __version__

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent unless the program says otherwise

_OWN = """
    PROFILES BingXClient BucketSnapshot BudgetSnapshot Event Facts Governor IpGroup Journal MemoryJournal Quota Snapshot
    StreamLimits __version__ events to_dict
"""
globals()["__all__"] = [*_OWN.split(), *errors.__all__, *vars(models)["__all__"]]
