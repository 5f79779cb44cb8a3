"""Faults: failures of the network and the gateway, and the requests they strike.

A `Fault` is an effect with a selector. Of the requests that match its `endpoint`, `path` and `when`, it strikes each
`every`-th, with `probability` (drawn from a generator of the emulator, so that a run can be repeated), at most
`times` times. `endpoint` is the name of a method, as in `client.spot`. Several faults may strike one request; the
one injected first is the outermost.

    emulator.inject(Fault(CloseAfter(), endpoint="cancel_order", times=1))
    emulator.inject(Fault(Html(502), every=10))
    emulator.inject(Fault(Alter(add={"later": 1}, drop=("clientOrderID",), null=("stopPrice",))))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any, Generic, Protocol, TypeVar, cast

from attrs import evolve, field, frozen
from attrs.validators import optional

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.options import number, whole
from bingx_async.emulator.traffic import ConnectionClosed, Reply, Request, decode, encode

Execute = Callable[[], Reply]
M = TypeVar("M", contravariant=True)


class Effect(Protocol):
    """A failure around the execution of one request."""

    def around(self, execute: Execute, /) -> Reply:
        """The reply in place of what `execute` returns; an effect may leave it uncalled."""
        ...


@frozen
class CloseBefore:
    """The connection closes and the request does not run."""

    def around(self, _execute: Execute, /) -> Reply:
        raise ConnectionClosed(was_executed=False)


@frozen
class CloseAfter:
    """The request runs and the connection closes before the reply."""

    def around(self, execute: Execute, /) -> Reply:
        execute()
        raise ConnectionClosed(was_executed=True)


@frozen
class Html:
    """A gateway's HTML page; `is_executed` says whether the request ran behind it."""

    status: int = 502
    is_executed: bool = False

    def around(self, execute: Execute, /) -> Reply:
        if self.is_executed:
            execute()
        page = f"<html><head><title>{self.status}</title></head><body><h1>{self.status}</h1></body></html>"
        return Reply(self.status, (("content-type", "text/html"),), page.encode())


@frozen
class Truncate:
    """The request runs; of the reply's body only this share arrives, as if it were the whole."""

    share: float = 0.5

    def around(self, execute: Execute, /) -> Reply:
        reply = execute()
        return evolve(reply, body=reply.body[: int(len(reply.body) * self.share)])


@frozen
class Alter:
    """The request runs; in every object of the reply's `data`, fields are added, dropped or set to null.

    A reply that is not JSON stays as it is.
    """

    add: Mapping[str, Any] = field(factory=dict[str, Any])
    drop: Collection[str] = ()
    null: Collection[str] = ()

    def around(self, execute: Execute, /) -> Reply:
        reply = execute()
        try:
            message = decode(reply.body)
        except ValueError:
            return reply
        if "data" in message:
            message["data"] = self._alter(message["data"])
        return evolve(reply, body=encode(message).encode())

    def _alter(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._alter(item) for item in cast("Sequence[Any]", value)]
        if not isinstance(value, dict):
            return value
        fields = cast("dict[str, Any]", value)
        kept = {name: self._alter(value) for name, value in fields.items() if name not in self.drop}
        return {**kept, **dict.fromkeys(kept.keys() & set(self.null)), **self.add}


@frozen
class Answer:
    """A given raw reply; `is_executed` says whether the request ran behind it."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(factory=lambda: {"content-type": "application/json"})
    is_executed: bool = False

    def around(self, execute: Execute, /) -> Reply:
        if self.is_executed:
            execute()
        return Reply(self.status, tuple((name.lower(), value) for name, value in self.headers.items()), self.body)


@frozen
class Delay:
    """Extra seconds on the way: `up` before the request arrives, `down` before the reply leaves."""

    up: float = 0.0
    down: float = 0.0

    def around(self, execute: Execute, /) -> Reply:
        return execute()


@frozen
class Fault:
    """An effect and the requests it strikes; see the module's docstring. Raises `InvalidRequest`."""

    effect: Effect
    path: str | None = None
    every: int = field(default=1, validator=whole(at_least=1))
    times: int | None = field(default=None, validator=optional(whole(at_least=1)))
    when: Callable[[Request], bool] | None = None
    probability: float = field(default=1.0, validator=number(at_least=0, at_most=1))
    endpoint: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.endpoint is not None:
            CATALOGUE.find_all(self.endpoint)  # raises if there is none

    def matches(self, request: Request) -> bool:
        """Whether the request is one this fault counts."""
        route = f"{request.method} {request.path}"
        if self.endpoint is not None and route not in [each.route for each in CATALOGUE.get(self.endpoint)]:
            return False
        return self.path in (None, request.path) and (self.when is None or self.when(request))


class Selector(Protocol[M]):
    """A fault as its plan sees it."""

    @property
    def every(self) -> int:
        """Of those that match, each so many-th."""
        ...

    @property
    def times(self) -> int | None:
        """At most so many."""
        ...

    @property
    def probability(self) -> float:
        """Each with this probability."""
        ...

    def matches(self, met: M, /) -> bool:
        """Whether this is one that the fault counts."""
        ...


F = TypeVar("F", bound=Selector[Any])


class FaultPlan(Generic[F]):
    """The injected faults and how often each has met and struck."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._faults: list[F] = []
        self._met: Counter[int] = Counter()  # by the place in the list, as `_struck`
        self._struck: Counter[int] = Counter()

    def inject(self, fault: F) -> None:
        """Let `fault` strike from now on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Forget every fault."""
        self._faults, self._met, self._struck = [], Counter(), Counter()

    def strike(self, met: Any) -> list[F]:
        """The faults that strike this request, or moment of a stream, in the order in which they were injected."""
        return [fault for index, fault in enumerate(self._faults) if self._strikes(index, fault, met)]

    def _strikes(self, index: int, fault: F, met: Any) -> bool:
        if self._struck[index] == fault.times or not fault.matches(met):
            return False
        self._met[index] += 1
        if self._met[index] % fault.every or self._random.random() >= fault.probability:
            return False
        self._struck[index] += 1
        return True
