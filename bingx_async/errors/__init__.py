"""The exceptions: was the call sent, did it run, and what did the exchange say?

::

    BingXError
    ├── OrdersLeftOpen          the kill switch ended before the account was seen to be empty
    ├── IncompleteList          the exchange hands out a part of a list only
    ├── StreamError             a stream cannot be opened, or goes on no more
    │   ├── TopicRefused        the exchange does not serve the topic
    │   └── StreamUnavailable   no connection or no answer in time
    ├── LocalError              nothing was sent
    │   ├── QuotaWait           the wait for quota does not fit into max_wait
    │   ├── ErrorBudgetSpent    one more business error would close the endpoint
    │   ├── InvalidRequest      an argument the exchange could only refuse (also a ValueError)
    │   ├── StoreUnavailable    the shared quota store cannot be asked
    │   ├── JournalUnavailable  the journal of a tracker cannot be read or written
    │   ├── RulesUnavailable    the trading rules cannot be read, so the order was not checked
    │   └── ClientClosed        the client is closed
    ├── TransportError          the network failed
    │   ├── ConnectFailed       no connection: nothing was sent
    │   ├── ReadFailed          a read got no readable answer: nothing was changed
    │   └── OutcomeUnknown      sent, no readable answer: it may have run
    │       └── UnreadableReply an answer came in which not even the code can be read
    └── ApiError                the exchange said no: it did not run
        ├── RateLimited         closed by the exchange until retry_at
        ├── AuthenticationError key, signature, permission or IP whitelist
        ├── ClockError          the timestamp was refused, also after a re-sync
        ├── OrderNotFound       no such open order
        ├── InsufficientBalance
        ├── OrderRefused        any other business refusal
        │   └── DuplicateOrder  sent before: the earlier call with this id may have run
        └── ServerBusy          overloaded; try again shortly

Every error carries fields; none carries a key, a secret or a signature.
"""

from bingx_async.errors.local import (
    ClientClosed,
    ErrorBudgetSpent,
    InvalidRequest,
    JournalUnavailable,
    LocalError,
    QuotaWait,
    RulesUnavailable,
    StoreUnavailable,
)
from bingx_async.errors.network import ConnectFailed, OutcomeUnknown, ReadFailed, TransportError, UnreadableReply
from bingx_async.errors.refused import (
    ApiError,
    AuthenticationError,
    ClockError,
    DuplicateOrder,
    InsufficientBalance,
    OrderNotFound,
    OrderRefused,
    RateLimited,
    ServerBusy,
)
from bingx_async.errors.root import BingXError, IncompleteList, OrdersLeftOpen
from bingx_async.errors.streams import StreamError, StreamUnavailable, TopicRefused

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BingXError",
    "ClientClosed",
    "ClockError",
    "ConnectFailed",
    "DuplicateOrder",
    "ErrorBudgetSpent",
    "IncompleteList",
    "InsufficientBalance",
    "InvalidRequest",
    "JournalUnavailable",
    "LocalError",
    "OrderNotFound",
    "OrderRefused",
    "OrdersLeftOpen",
    "OutcomeUnknown",
    "QuotaWait",
    "RateLimited",
    "ReadFailed",
    "RulesUnavailable",
    "ServerBusy",
    "StoreUnavailable",
    "StreamError",
    "StreamUnavailable",
    "TopicRefused",
    "TransportError",
    "UnreadableReply",
]
