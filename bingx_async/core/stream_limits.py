"""The limits of streams: the exchange's, as far as they are known, and our own. Each can be overridden."""

from __future__ import annotations

from attrs import field, frozen

from bingx_async.core.options import number, whole


@frozen(kw_only=True)
class StreamLimits:
    """Raises `InvalidRequest`. Spans are seconds."""

    topics_per_socket: int = field(default=200, validator=whole(1))
    """The most topics on one socket; written for the futures socket, an older text says 240."""
    sockets: int = field(default=60, validator=whole(1))
    """The most sockets from one address; written for the futures socket."""
    messages_per_second: float = field(default=5.0, validator=number(above=0, such_as=5.0))
    """How fast subscriptions are sent; the exchange takes 10 in a second."""
    ack_timeout: float = field(default=10.0, validator=number(above=0, such_as=10.0))
    """How long a subscription waits for its answer before it is sent once more, then given up."""
    connect_timeout: float = field(default=10.0, validator=number(above=0, such_as=10.0))
    """How long a connection and its handshake may take."""
    first_silence: float = field(default=40.0, validator=number(above=0, such_as=40.0))
    """A socket on which nothing comes for this long is dead, before its first ping."""
    least_silence: float = field(default=15.0, validator=number(above=0, such_as=15.0))
    """The same once pings came, or three times the longest span between two pings if that is longer."""
    topic_silence: float = field(default=30.0, validator=number(above=0, such_as=30.0))
    """A topic with a regular cadence from which nothing comes for this long is subscribed again (never less than ten
    times its cadence)."""
    backoff: float = field(default=0.5, validator=number(above=0, such_as=0.5))
    """The longest wait before the first new attempt to connect; it doubles with each, and is drawn from below that."""
    longest_backoff: float = field(default=30.0, validator=number(above=0, such_as=30.0))
    """The longest such wait."""
    forbidden_backoff: float = field(default=60.0, validator=number(above=0, such_as=60.0))
    """The shortest wait after the exchange refused a connection with HTTP 403 (too many, or the region)."""
    settled_after: float = field(default=60.0, validator=number(above=0, such_as=60.0))
    """A connection that lasted this long was a good one: the wait begins small again."""
    queue: int = field(default=1000, validator=whole(1))
    """The most items that wait for the program in one stream, for each symbol."""
    largest_message: int = field(default=16 * 2**20, validator=whole(1))
    """Bytes of one message, unpacked; a larger one ends the connection."""
    key_extended_every: float = field(default=1800.0, validator=number(above=0, such_as=1800.0))
    """How often a listen key, which lives for an hour, is extended."""


STREAM_LIMITS = StreamLimits()
