"""The endpoints that the exchange serves: every one of the catalogue, with its behaviour or its sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from attrs import field, frozen

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.endpoint import Endpoint
from bingx_async.emulator.behaviours.desk import Behaviour, Desk, Params
from bingx_async.emulator.behaviours.market import MARKET
from bingx_async.emulator.behaviours.oco import OCO
from bingx_async.emulator.behaviours.orders import ORDERS
from bingx_async.emulator.samples import sample_data

BEHAVIOURS: Mapping[str, Behaviour] = {**ORDERS, **OCO, **MARKET}  # by the name of the endpoint's method


@frozen
class Route:
    """One endpoint and its behaviour."""

    endpoint: Endpoint[Any]
    run: Behaviour = field(repr=False)


def routes_of(
    endpoints: Iterable[Endpoint[Any]], behaviours: Mapping[str, Behaviour] = BEHAVIOURS
) -> Mapping[str, Route]:
    """The routes by method and path; an endpoint without a behaviour answers its sample."""
    return {
        endpoint.route: Route(endpoint, behaviours.get(endpoint.name) or partial(_answer_sample, endpoint.name))
        for endpoint in endpoints
    }


def _answer_sample(name: str, _desk: Desk, _params: Params) -> Any:
    return sample_data(name)


ROUTES = routes_of(CATALOGUE)
