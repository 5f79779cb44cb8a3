"""Calls of endpoints that no declaration of this library knows: what a caller says about one, checked.

The quota of an endpoint is counted in one bucket for an account, so it must be the same in every call.
"""

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from attrs import evolve, frozen

from bingx_async.core.catalogue import Profile
from bingx_async.core.endpoint import Auth, Call, Effect, Endpoint
from bingx_async.core.options import shown
from bingx_async.core.quota import UNLIMITED, IpGroup, Quota
from bingx_async.core.signing import Carrier, Param
from bingx_async.errors import InvalidRequest

METHODS = ("GET", "POST", "PUT", "DELETE")
_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+").fullmatch
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*").fullmatch
CLIENT_IDS = ("newClientOrderId", "clientOrderID", "clientOrderId")  # by which an unknown outcome can be asked for
OWN_PARAMS = ("timestamp", "recvWindow", "signature")  # added to every call

Requested = MutableMapping[tuple[str, str], Endpoint[Any]]


@frozen
class Spec:
    """An endpoint as a caller describes it."""

    method: str
    path: str
    effect: str | None
    group: IpGroup
    auth: str
    quota: Quota | None
    has_code: bool

    def check(self) -> None:
        """Raises `InvalidRequest`."""
        if self.method not in METHODS:
            raise InvalidRequest(f"method={shown(self.method)} must be one of {', '.join(METHODS)}")
        if not isinstance(self.path, str) or not _PATH(self.path):
            raise InvalidRequest(f"path={shown(self.path)} must be a path alone, such as '/openApi/account/v1/uid'")
        if self.effect is None and self.method != "GET":
            raise InvalidRequest(f"say what a {self.method} does: effect='read', 'cancel', 'create' or 'change'")
        if self.effect not in (None, *(each.value for each in Effect)):
            raise InvalidRequest(f"effect={shown(self.effect)} must be 'read', 'cancel', 'create' or 'change'")
        if self.auth not in tuple(each.value for each in Auth):
            raise InvalidRequest(f"auth={shown(self.auth)} must be 'signed', 'key' or 'public'")
        if not isinstance(self.group, IpGroup):
            raise InvalidRequest(f"group={shown(self.group)} must be an IpGroup, such as IpGroup.ACCOUNT")
        if not isinstance(self.quota, Quota) and (self.quota is not None or self.auth != Auth.PUBLIC.value):
            raise InvalidRequest(f"quota={shown(self.quota)} must be a Quota, such as Quota(5, 1.0) for 5 per second")

    def endpoint(self) -> Endpoint[Any]:
        """The endpoint that it describes, read as the reply's own mapping."""
        return Endpoint(
            "request",
            self.method,
            self.path,
            self.group,
            _as_it_is,
            auth=Auth(self.auth),
            effect=Effect(self.effect or "read"),
            quota=self.quota or UNLIMITED,
            has_code=self.has_code,
            reads_all=True,
        )


def requested_call(spec: Spec, params: Mapping[str, object], profile: Profile) -> Call[Any]:
    """The call, its parameters in the form in which they travel; JSON travels in the query string alone. Raises
    `InvalidRequest`, also where the declaration of that route, if there is one, is contradicted."""
    spec.check()
    if not isinstance(params, Mapping):
        raise InvalidRequest(f"params={shown(params)} must be a mapping, such as {{'symbol': 'BTC-USDT'}}")
    sent: dict[str, Param] = {_name(name): _value(value, name) for name, value in params.items()}
    endpoint = _as_declared(spec.endpoint(), profile)
    if any(isinstance(value, (list, dict)) for value in sent.values()):
        endpoint = evolve(endpoint, carrier=Carrier.QUERY)
    return Call(endpoint, sent, tuple(str(sent[name]) for name in CLIENT_IDS if name in sent))


def remember(endpoint: Endpoint[Any], account: str, profile: Profile, before: Requested) -> None:
    """Keep the description of a route for its later calls. Raises `InvalidRequest` if it contradicts that of an earlier
    call of the account."""
    if not profile.catalogue.get(endpoint.route):
        known = before.setdefault((account, endpoint.route), endpoint)
        _agree(endpoint, known, known.quota, "was called before")


def _as_declared(endpoint: Endpoint[Any], profile: Profile) -> Endpoint[Any]:
    """The endpoint with what its declaration says of it, if the library has one."""
    declared = profile.catalogue.get(endpoint.route)
    if not declared:
        return endpoint
    known = declared[0]
    in_force = UNLIMITED if known.is_public else profile.quota_of(known)
    _agree(endpoint, known, endpoint.quota if in_force is UNLIMITED else in_force, f"is {known.name}")
    return evolve(known, read=_as_it_is, reads_all=True, has_code=endpoint.has_code)


def _agree(endpoint: Endpoint[Any], known: Endpoint[Any], quota: Quota, why: str) -> None:
    mine = (endpoint.effect, endpoint.auth, endpoint.group, endpoint.quota)
    theirs = (known.effect, known.auth, known.group, quota)
    if mine != theirs:
        effect, auth, group = known.effect.value, known.auth.value, known.group.name
        raise InvalidRequest(
            f"{endpoint.route} {why} with quota=Quota({quota.limit}, {quota.window:g}), effect={effect!r}, "
            f"auth={auth!r}, group=IpGroup.{group}: write the same here, since one bucket counts all of its calls"
        )


def _name(name: object) -> str:
    if not isinstance(name, str) or not _NAME(name):
        raise InvalidRequest(f"{shown(name)} is not the name of a parameter: write letters, digits and _")
    if name in OWN_PARAMS:
        raise InvalidRequest(f"leave out {name}: it is added when the call leaves")
    return name


def _value(value: object, name: str) -> Any:
    """The value as it travels; numbers as texts in plain notation."""
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return round(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, object]", value).items()
        return {_name(key): _value(each, name) for key, each in pairs}
    if isinstance(value, (list, tuple)):
        return [_value(each, name) for each in cast("list[object]", value)]
    cure = f"Decimal('{value!r}')" if isinstance(value, float) else "a str, int, bool, Decimal or an aware datetime"
    raise InvalidRequest(f"{name}={shown(value)} is of type {type(value).__name__}: write {cure}, or leave it out")


def _as_it_is(reply: Any) -> Any:
    return reply
