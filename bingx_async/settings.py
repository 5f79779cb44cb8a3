"""The settings of a client, checked when it is made; each message says what to write instead.

No key is ever a local of a frame that can fail: tracebacks may print locals.
"""

# Not every program is typed, so settings are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen

from bingx_async.core.options import CallSettings, has, is_flag, kind_of, one_of, shown, whole
from bingx_async.core.stream_limits import STREAM_LIMITS, StreamLimits
from bingx_async.errors import InvalidRequest
from bingx_async.governor import Governor
from bingx_async.spot.base import FACTS
from bingx_async.spot.client_ids import ClientIds
from bingx_async.spot.facts import Facts
from bingx_async.spot.rules import RuleBook

if TYPE_CHECKING:
    import httpx

LIVE_HOST = "https://open-api.bingx.com"
FALLBACK_HOST = "https://open-api.bingx.pro"  # only for failures before the request was written
LIVE_STREAMS = "wss://open-api-ws.bingx.com/market"
PROXIES = ("http", "socks5")
MOST_IDS = 50  # in one batch cancel; how many the exchange takes is not documented, 10 are known to work
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@frozen
class Keys:
    """API credentials, hidden from repr because tracebacks may print locals."""

    api: str | None = field(repr=False)
    secret: str | None = field(repr=False)

    @classmethod
    def given(cls, api_key: str | None, secret_key: str | None) -> Keys:
        """As given, else from the environment, where an empty variable is none; no keys at all are market data only."""
        return cls(
            os.environ.get("BINGX_API_KEY") or None if api_key is None else api_key,
            os.environ.get("BINGX_SECRET_KEY") or None if secret_key is None else secret_key,
        )


def _given_url(base_url: Any) -> Any:
    """As given, else from the environment, else the live host."""
    return os.environ.get("BINGX_BASE_URL") or LIVE_HOST if _is_missing(base_url) else base_url


def _ids_of(strategy: Any) -> ClientIds:
    return strategy if isinstance(strategy, ClientIds) else ClientIds(strategy)


def _rules_of(check_orders: Any) -> RuleBook:
    """A book of its own; the clients made from one share it."""
    return check_orders if isinstance(check_orders, RuleBook) else RuleBook(is_heeded=check_orders)


def _are_keys(_instance: object, _attribute: object, keys: Keys) -> None:
    for name in ("api", "secret"):
        if not isinstance(getattr(keys, name), str | None):
            wanted = "a str, the text that the exchange showed; of bytes or a wrapper pass what is inside"
            raise InvalidRequest(f"{name}_key must be {wanted}")
    if keys.api == "" or keys.secret == "":
        raise InvalidRequest(f"the {'api' if keys.api == '' else 'secret'}_key is empty; for market data give no key")
    if (keys.api is None) != (keys.secret is None):
        raise InvalidRequest(f"the {'secret_key' if keys.api else 'api_key'} is missing; give both or neither")
    for name in ("api", "secret"):
        if not _is_key(getattr(keys, name)):
            raise InvalidRequest(f"the {name}_key holds blanks or characters that no key has; was it copied whole?")


def _is_account(_instance: object, _attribute: object, value: Any) -> None:
    is_uid = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    if value is not None and not is_uid and not (isinstance(value, str) and value.strip()):
        found = repr(value) if isinstance(value, (str, bool)) else kind_of(value)
        raise InvalidRequest(f"account must be the UID, a str or an int such as '1001', not {found}")


def _is_base_url(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidRequest(f"base_url must be a str like {LIVE_HOST!r}, not {kind_of(value)}")
    if "@" in value:
        raise InvalidRequest(f"base_url holds a user name or password; it must be like {LIVE_HOST!r}")
    if " " in value or not value.isprintable():
        raise InvalidRequest(f"base_url={value!r} holds blanks; it must be like {LIVE_HOST!r}")
    parts = _parts(value)
    if parts is not None and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise InvalidRequest(f"base_url={value!r}: plain http is only for a loopback address; write https")
    if parts is not None and "/openapi" in parts.path.lower():
        raise InvalidRequest(f"base_url={value!r}: leave out /openApi, with which every path begins")
    if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment or not _has_host(parts):
        raise InvalidRequest(f"base_url={value!r} must be like {LIVE_HOST!r}")


def _is_transport(_instance: object, _attribute: object, value: Any) -> None:
    if value is None or (not isinstance(value, type) and hasattr(value, "handle_async_request")):
        return
    cure = "an httpx.AsyncBaseTransport, such as httpx.AsyncHTTPTransport()"
    if not isinstance(value, type) and callable(getattr(value, "transport", None)):
        cure = "what its method gives: write emulator.transport()"
    raise InvalidRequest(f"transport must be {cure}, not {kind_of(value)}")


def _is_proxy(settings: ClientSettings, _attribute: object, value: Any) -> None:
    if value is None:
        return
    if not (isinstance(value, str) and _is_proxy_url(value)):  # it may hold a password
        raise InvalidRequest("proxy must be a URL such as 'http://127.0.0.1:8080' or 'socks5://127.0.0.1:1080'")
    if settings.transport is not None:
        raise InvalidRequest("give either a transport or a proxy: a transport finds its own way")
    if find_spec("python_socks") is None:
        raise InvalidRequest('a proxy needs the extra [proxy]: pip install "bingx-async[proxy]"')


def _is_proxy_url(value: str) -> bool:
    parts = _parts(value)
    return parts is not None and parts.scheme in PROXIES and _has_host(parts)


def _is_egress(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest("egress must be a str that names the outgoing address, such as 'default'")


def _is_batch_size(_instance: object, _attribute: object, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_IDS:
        raise InvalidRequest(f"ids_per_batch={shown(value)} must be a whole number from 1 to {MOST_IDS}")


def _are_facts(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, Facts):
        raise InvalidRequest(f"facts must be a Facts, such as Facts(market_family='quote'), not {kind_of(value)}")


def _given_stream_url(url: Any) -> Any:
    return os.environ.get("BINGX_STREAM_URL") or None if _is_missing(url) else url


def _is_stream_url(_instance: object, _attribute: object, value: Any) -> None:
    if value is None:
        return
    parts = _parts(value) if isinstance(value, str) and " " not in value and "@" not in value else None
    if parts is None or parts.scheme not in ("ws", "wss") or parts.query or parts.fragment or not _has_host(parts):
        raise InvalidRequest(f"stream_url must be like {LIVE_STREAMS!r}")  # the value may hold a key
    if parts.scheme == "ws" and parts.hostname not in LOOPBACK:
        raise InvalidRequest(f"stream_url={value!r}: plain ws is only for a loopback address; write wss")


def _is_path(_instance: object, _attribute: object, value: Any) -> None:
    is_path = isinstance(value, (str, Path)) and bool(str(value))
    if value is not None and not is_path:
        raise InvalidRequest(f"record must be the path of a file, such as 'prices.jsonl', not {shown(value)}")


def _are_limits(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, StreamLimits):
        raise InvalidRequest(
            f"stream_limits must be a StreamLimits, such as StreamLimits(queue=5000), not {kind_of(value)}"
        )


@frozen(eq=False)
class ClientSettings:
    """Everything a client is made with. See `BingXClient` for the meanings; `calls` are the defaults of its calls."""

    keys: Keys = field(validator=_are_keys)
    account: str | int | None = field(default=None, validator=_is_account)
    base_url: str = field(default=None, converter=_given_url, validator=_is_base_url)
    governor: Governor = field(factory=Governor, validator=has("acquire", "a Governor, such as Governor('trader')"))
    transport: httpx.AsyncBaseTransport | None = field(default=None, validator=_is_transport)
    carrier: str = field(default="auto", validator=one_of("auto", "json", "query", "form"))
    egress: str = field(default="default", validator=_is_egress)
    ids_per_batch: int = field(default=10, validator=_is_batch_size)
    coalesce_cancels: bool = field(default=False, validator=is_flag)
    proxy: str | None = field(default=None, validator=_is_proxy, repr=False)
    connections: int = field(default=128, validator=whole(2))
    calls: CallSettings = CallSettings()
    ids: ClientIds = field(factory=ClientIds, converter=_ids_of)
    facts: Facts = field(default=FACTS, validator=_are_facts)
    rules: RuleBook = field(factory=RuleBook, converter=_rules_of)
    stream_url: str | None = field(default=None, converter=_given_stream_url, validator=_is_stream_url)
    stream_limits: StreamLimits = field(default=STREAM_LIMITS, validator=_are_limits)
    record: str | Path | None = field(default=None, validator=_is_path)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts to call, in the order in which they are tried."""
        parts = urlsplit(self.base_url)
        url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        return (url, FALLBACK_HOST) if url == LIVE_HOST else (url,)

    @property
    def streams_at(self) -> str:
        """The URL of the streams: that of an emulator where the calls go to one on this machine."""
        parts = urlsplit(self.base_url)
        if self.stream_url is not None or parts.hostname not in LOOPBACK:
            return self.stream_url or LIVE_STREAMS
        return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/market"

    @property
    def owner(self) -> str:
        """The owner of the quotas: the UID, or 16 hex digits of a SHA-256 from which the key cannot be found."""
        if self.account is not None:
            return str(self.account)
        key = (self.keys.api or "").encode()
        return "key-" + hashlib.sha256(b"bingx_async account " + key).hexdigest()[:16]


def _parts(url: str) -> SplitResult | None:
    """The parts of a URL that the standard library and httpx can both read."""
    import httpx  # loaded with the first client

    try:
        httpx.URL(url)
        return urlsplit(url)
    except (ValueError, httpx.InvalidURL):
        return None


def _has_host(parts: SplitResult) -> bool:
    try:
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        return False


def _is_missing(value: object) -> bool:
    """Whether it was left out: `b""` is no key, but a value to refuse."""
    return value is None or (isinstance(value, str) and not value)


def _is_key(key: str | None) -> bool:
    return not key or (key.isascii() and key.isprintable() and " " not in key)
