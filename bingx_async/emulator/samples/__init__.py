"""A sample of every endpoint: the arguments of its method, the parameters sent, the reply, and the model's fields.

`result` is what the method returns, if that is not the reply's model; a reply that is null is an empty body. The
emulator answers with them where an endpoint has no behaviour, and the tests compare every call with its sample.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from bingx_async.emulator.traffic import decode


@cache
def load_sample(name: str) -> dict[str, Any]:
    """The sample of the endpoint of that name: `call`, `sent`, `reply` and `model`."""
    sample: dict[str, Any] = decode((files(__name__) / f"{name}.json").read_text("utf-8"))
    return sample


def sample_data(name: str) -> Any:
    """The `data` of the sample's reply, or all of a reply that has none; None for an empty body."""
    reply = load_sample(name)["reply"]
    return reply if reply is None or "code" not in reply else reply.get("data")
