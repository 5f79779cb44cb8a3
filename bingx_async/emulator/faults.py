"""Faults: what goes wrong, and for which requests.

A `Fault` is an effect with a selector. Of the requests that match its `path` and `when`, it strikes each `every`-th,
with `probability` (drawn from the emulator's seeded generator), at most `times` times. Several faults may strike
one request; the one injected first is the outermost.

    emulator.inject(Fault(CloseAfter(), path="/openApi/spot/v1/trade/cancel", times=1))
    emulator.inject(Fault(Html(502), every=10))
    emulator.inject(Fault(Alter(add={"later": 1}, drop=("clientOrderID",), null=("stopPrice",))))
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any, Protocol, cast

from attrs import evolve, field, frozen

from bingx_async.emulator import jsontext
from bingx_async.emulator.traffic import Reply, Request

Execute = Callable[[], Reply]


class ConnectionClosed(Exception):
    """The connection is closed instead of a reply; `was_executed` says whether the request ran before."""

    def __init__(self, was_executed: bool) -> None:
        super().__init__(was_executed)
        self.was_executed = was_executed


class Effect(Protocol):
    """What goes wrong around the execution of one request."""

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
            message = jsontext.decode(reply.body)
        except ValueError:
            return reply
        if "data" in message:
            message["data"] = self._alter(message["data"])
        return evolve(reply, body=jsontext.encode(message).encode())

    def _alter(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._alter(item) for item in cast("Sequence[Any]", value)]
        return self._alter_object(cast("dict[str, Any]", value)) if isinstance(value, dict) else value

    def _alter_object(self, fields: dict[str, Any]) -> dict[str, Any]:
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


def _is_probability(_instance: object, _attribute: object, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"probability must be from 0 to 1, not {value!r}")


def _is_count(_instance: object, attribute: Any, value: int | None) -> None:
    if value is not None and value < 1:
        raise ValueError(f"{attribute.name} must be at least 1, not {value!r}")


@frozen
class Fault:
    """An effect and the requests it strikes; see the module's docstring."""

    effect: Effect
    path: str | None = None
    every: int = field(default=1, validator=_is_count)
    times: int | None = field(default=None, validator=_is_count)
    when: Callable[[Request], bool] | None = None
    probability: float = field(default=1.0, validator=_is_probability)

    def matches(self, request: Request) -> bool:
        """Whether the request is one this fault counts."""
        return self.path in (None, request.path) and (self.when is None or self.when(request))


class FaultPlan:
    """The injected faults and how often each has met and struck."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._faults: list[Fault] = []
        self._met: list[int] = []
        self._struck: list[int] = []

    def inject(self, fault: Fault) -> None:
        """Let `fault` strike from the next request on."""
        self._faults.append(fault)
        self._met.append(0)
        self._struck.append(0)

    def clear(self) -> None:
        """Forget every fault."""
        self._faults, self._met, self._struck = [], [], []

    def strike(self, request: Request) -> tuple[Effect, ...]:
        """The effects that befall this request, outermost first."""
        return tuple(fault.effect for index, fault in enumerate(self._faults) if self._strikes(index, fault, request))

    def _strikes(self, index: int, fault: Fault, request: Request) -> bool:
        if self._struck[index] == fault.times or not fault.matches(request):
            return False
        self._met[index] += 1
        if self._met[index] % fault.every or self._random.random() >= fault.probability:
            return False
        self._struck[index] += 1
        return True
