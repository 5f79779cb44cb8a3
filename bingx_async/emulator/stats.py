"""The counts of the emulator, as frozen values."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType

from attrs import field, frozen, mutable

from bingx_async.catalogue import CATALOGUE

MAX_ARRIVALS = 200_000  # per account and endpoint; the oldest are forgotten


@frozen
class EndpointStats:
    """One account at one endpoint.

    `accepted`: had room in the quota and reached the endpoint; `errors`: of these, how many it refused for a
    business reason; `refused`: over the quota; `closed`: came in a closed period; `arrivals`: when each of all these
    came, oldest first, in ms of the emulator's clock.
    """

    accepted: int = 0
    errors: int = 0
    refused: int = 0
    closed: int = 0
    arrivals: tuple[float, ...] = field(default=(), repr=False)


@frozen
class AddressStats:
    """One address at one IP bucket: how many requests had room in it, how many did not."""

    accepted: int = 0
    refused: int = 0


@frozen
class StreamStats:
    """The streams. `open`: sockets that are open now, `topics`: on how many of them each topic is subscribed now.

    Since the start: sockets that were `opened`, `refused_handshakes` by HTTP status, `messages` that were sent,
    `refused_topics`: subscriptions that were not taken, by code, `breaches`: subscription messages beyond 10 in a
    second, `unanswered`: sockets that were closed since they did not answer pings.
    """

    open: int = 0
    topics: Mapping[str, int] = field(factory=dict[str, int], repr=False)
    opened: int = 0
    refused_handshakes: Mapping[int, int] = field(factory=dict[int, int])
    messages: int = 0
    refused_topics: Mapping[int, int] = field(factory=dict[int, int])
    breaches: int = 0
    unanswered: int = 0


@frozen
class Stats:
    """Everything counted since the start.

    `endpoints` by (account, method and path); `addresses` by (address, method and path) and (address, group);
    `codes`: how many replies bore each code; `streams`: everything about streams.
    """

    endpoints: Mapping[tuple[str, str], EndpointStats]
    addresses: Mapping[tuple[str, str | int], AddressStats] = field(repr=False)
    codes: Mapping[int, int]
    streams: StreamStats = StreamStats()

    def of(self, account: str | int, endpoint: str) -> EndpointStats:
        """One account at one endpoint, named by its method; zeros if it never called it.

        A path of several endpoints gives their sum. Raises `InvalidRequest` for an endpoint that does not exist.
        """
        keys = [(str(account), found.route) for found in CATALOGUE.find_all(endpoint)]
        parts = [self.endpoints[key] for key in keys if key in self.endpoints]
        counts = {name: sum(map(attrgetter(name), parts)) for name in ("accepted", "errors", "refused", "closed")}
        return EndpointStats(**counts, arrivals=tuple(sorted(at for part in parts for at in part.arrivals)))

    @property
    def accepted(self) -> int:
        """Signed requests that had room in every quota."""
        return sum(each.accepted for each in self.endpoints.values())

    @property
    def refused(self) -> int:
        """Signed requests refused for a UID quota or in a closed period."""
        return sum(each.refused + each.closed for each in self.endpoints.values())


@mutable
class EndpointTally:
    """The running counts behind `EndpointStats`."""

    accepted: int = 0
    errors: int = 0
    refused: int = 0
    closed: int = 0
    arrivals: deque[float] = field(factory=lambda: deque(maxlen=MAX_ARRIVALS))


class Tally:
    """The running counts behind `Stats`."""

    def __init__(self) -> None:
        self.endpoints: defaultdict[tuple[str, str], EndpointTally] = defaultdict(EndpointTally)
        self.accepted: Counter[tuple[str, str | int]] = Counter()  # by address, as `refused`
        self.refused: Counter[tuple[str, str | int]] = Counter()
        self.codes: Counter[int] = Counter()

    def freeze(self, streams: StreamStats = StreamStats()) -> Stats:
        """The counts as they stand."""
        endpoints = {
            key: EndpointStats(tally.accepted, tally.errors, tally.refused, tally.closed, tuple(tally.arrivals))
            for key, tally in self.endpoints.items()
        }
        addresses = {key: AddressStats(self.accepted[key], self.refused[key]) for key in self.accepted | self.refused}
        codes = MappingProxyType(dict(self.codes))
        return Stats(MappingProxyType(endpoints), MappingProxyType(addresses), codes, streams)
