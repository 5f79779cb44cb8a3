"""One endpoint of the exchange as one value, its calls, and many items in few calls.

Which items a call takes is decided when it may leave: a worker with a permit takes those left at that moment, so no
item waits for one route while another is free, and items of a call refused unexecuted go back to the front.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, MutableMapping, Sequence
from enum import Enum
from typing import Any, Generic, TypeVar

from attrs import Factory, field, frozen

from bingx_async.core.quota import UNLIMITED, IpGroup, Quota
from bingx_async.core.signing import Carrier, Param
from bingx_async.core.wire import mapping
from bingx_async.errors import ApiError
from bingx_async.models.fields import Priority

T = TypeVar("T")  # a model, or one item of a batch
R = TypeVar("R")  # the result of an item


class Auth(Enum):
    """Needs nothing; needs the key's header; needs the header, a timestamp and a signature."""

    PUBLIC = "public"
    KEY = "key"
    SIGNED = "signed"


class Effect(Enum):
    """Reads; takes orders off the book; puts something new on it; changes something else. This decides who goes first,
    whether a failed call may simply be repeated, and whether the error budget holds it back."""

    READ = "read"
    CANCEL = "cancel"
    CREATE = "create"
    CHANGE = "change"


PRIORITIES = {Effect.READ: Priority.READ, Effect.CANCEL: Priority.CANCEL}  # anything else places


@frozen
class Refusals:
    """The errors that a call raises when the exchange says "not found", and when it refuses for any other reason."""

    not_found: type[ApiError] = ApiError
    refused: type[ApiError] = ApiError


def _derived(value: Callable[[Endpoint[Any]], Any]) -> Any:
    return field(init=False, repr=False, default=Factory(value, takes_self=True))


@frozen(eq=False)
class Endpoint(Generic[T]):
    """`name` is that of its method in `client.spot`. `read` turns the `data` of an accepted reply into the model and
    never raises. `quota` is what an account may call under the profile "documented"; `profiles` has the profiles in
    which it differs. `carrier` forces where the parameters travel. `is_stamped`: whether a timestamp is sent.
    `echoed` are the parameters whose values stand in the reply as well. `has_code`: whether an accepted reply says
    code 0; one of an endpoint without it is accepted by its HTTP status, and all of it is the data.
    `reads_all`: whether `read` takes the whole reply, not its `data`."""

    name: str
    method: str
    path: str
    group: IpGroup
    read: Callable[[Any], T] = field(repr=False)
    auth: Auth = Auth.SIGNED
    effect: Effect = Effect.READ
    quota: Quota = field(default=UNLIMITED, repr=False)
    profiles: Mapping[str, Quota] = field(factory=dict[str, Quota], repr=False)
    refusals: Refusals = field(default=Refusals(), repr=False)
    carrier: Carrier | None = field(default=None, repr=False)
    is_stamped: bool = field(default=True, repr=False)
    echoed: tuple[str, ...] = field(default=(), repr=False)
    has_code: bool = field(default=True, repr=False)
    reads_all: bool = field(default=False, repr=False)
    route: str = _derived(lambda it: f"{it.method} {it.path}")
    priority: Priority = _derived(lambda it: PRIORITIES.get(it.effect, Priority.PLACE))
    is_public: bool = _derived(lambda it: it.auth is Auth.PUBLIC)
    is_signed: bool = _derived(lambda it: it.auth is Auth.SIGNED)
    is_creating: bool = _derived(lambda it: it.effect is Effect.CREATE)
    is_list: bool = _derived(lambda it: it.read(None) == [])
    is_repeatable: bool = _derived(lambda it: it.effect is Effect.READ)

    def __attrs_post_init__(self) -> None:
        if not self.is_public and self.quota is UNLIMITED:
            raise TypeError(f"the declaration of {self.name} lacks the account's quota")


@frozen(eq=False)
class Call(Generic[T]):
    """An endpoint with its arguments, checked and in wire names. Its outcome can be asked for by `client_order_ids`;
    `batch` says how it may travel together with other calls of its kind."""

    endpoint: Endpoint[T]
    params: Mapping[str, Param]
    client_order_ids: tuple[str, ...] = ()
    batch: Callable[[], Batch[Any, Any]] | None = field(default=None, repr=False)

    def is_contradicted(self, data: Any) -> bool:
        """Whether the `data` of a reply is about something else: another order than the one in the parameters."""
        said = mapping(data)
        for name in self.endpoint.echoed:
            asked, told = self.params.get(name), said.get(name)
            if asked is None or told == asked or told in ("", 0) or not isinstance(told, (int, str)):
                continue
            if str(told).lower() != str(asked).lower():
                return True
        return False


@frozen(eq=False)
class BatchRoute(Generic[T, R]):
    """How `endpoint` does items: the call for some of them, and its reply as their results."""

    endpoint: Endpoint[Any]
    size: int
    call: Callable[[Sequence[T]], Call[Any]]
    read: Callable[[Sequence[T], Any], Mapping[T, R]]


@frozen(eq=False)
class Batch(Generic[T, R]):
    """How one call may travel with others of the same `key` that wait: its item, the routes (several items at once,
    then one alone), and `unwrap`, which turns the item's result into the call's own, or raises its error."""

    key: Hashable
    item: T
    routes: Sequence[BatchRoute[T, R]]
    unwrap: Callable[[R], Any]


class Pool(Generic[T, R]):
    """The items of one job; `results` is filled as they become known."""

    def __init__(self, items: Iterable[T], results: MutableMapping[T, R]) -> None:
        self.pending: deque[T] = deque(dict.fromkeys(items))
        self._unfinished = set(self.pending)
        self.results = results

    @property
    def is_done(self) -> bool:
        """Whether every item has its result."""
        return not self._unfinished

    def take(self, most: int) -> list[T]:
        """The next items, at most that many."""
        return [self.pending.popleft() for _ in range(min(most, len(self.pending)))]

    def put_back(self, items: Sequence[T]) -> None:
        """They were not done: they are next again."""
        self.pending.extendleft(reversed(items))

    def finish(self, results: Mapping[T, R]) -> None:
        """They are done; a result that is there already stays."""
        for item in self._unfinished.intersection(results):
            self._unfinished.remove(item)
            self.results[item] = results[item]
