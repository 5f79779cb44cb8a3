"""The parts of a client, put together from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from attrs import define, field, frozen

from bingx_async.calls import ClientCalls
from bingx_async.runtime.bulk.coalescer import Coalescing
from bingx_async.runtime.call.caller import Caller
from bingx_async.runtime.call.carriers import CarrierChoice
from bingx_async.runtime.call.requests import Credentials, RequestBuilder
from bingx_async.runtime.call.sender import Sender
from bingx_async.settings import ClientSettings
from bingx_async.spot.market import TIME_ENDPOINTS

if TYPE_CHECKING:
    from bingx_async.runtime.http.transport import Transport


@define(eq=False)
class ClientState:
    """Whether a client is closed. Its waiting calls belong to it, and the clients made from it end with it."""

    is_closed: bool = False
    made_from_it: WeakSet[ClientState] = field(factory=WeakSet["ClientState"], repr=False)

    def make(self) -> ClientState:
        """The state of another client that ends with this one."""
        state = ClientState(self.is_closed)
        self.made_from_it.add(state)
        return state

    def close(self) -> set[ClientState]:
        """Close; returns every state that has ended."""
        self.is_closed = True
        return {self}.union(*(state.close() for state in self.made_from_it))


@frozen(eq=False)
class Shared:
    """The parts that all clients made from the first one share; closing the first closes the transport."""

    first: ClientState
    transport: Transport
    carrier: CarrierChoice


def share(settings: ClientSettings) -> Shared:
    """The shared parts of a first client."""
    from bingx_async.runtime.http.transport import Transport  # httpx is loaded with the first client

    governor = settings.governor
    measures_min_rtt = governor.credit > 0
    transport = Transport(settings.transport, settings.hosts, governor.clock.monotonic, measures_min_rtt)
    return Shared(ClientState(), transport, CarrierChoice.of(settings.carrier, governor.reporter))


def wire(settings: ClientSettings, shared: Shared, state: ClientState, user_agent: str) -> Caller:
    """The caller of a client's account; its calls belong to `state`."""
    governor = settings.governor
    credentials = Credentials.of(settings.keys.api, settings.keys.secret, user_agent)
    return Caller(
        governor=governor,
        sender=Sender(governor, shared.transport, RequestBuilder(credentials, shared.carrier, governor.clock)),
        time_endpoints=TIME_ENDPOINTS,
        account=settings.owner,
        egress=settings.egress,
        owner=state,
    )


def calls_of(settings: ClientSettings, caller: Caller) -> ClientCalls:
    """The calls of a client's methods."""
    return ClientCalls(caller, settings.calls, Coalescing(caller) if settings.coalesce_cancels else None)
