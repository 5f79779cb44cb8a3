"""Replies as no page of the exchange describes them: made of an endpoint's sample by small, seeded accidents.

A reply is a text, since some accidents cannot be told in Python's values: a name that stands twice, a number with ten
thousand digits. `python -m tests.client.fuzz` reads a million of them.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any, cast

from bingx_async import to_dict
from bingx_async.catalogue import CATALOGUE
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.verdict import Accepted, judge
from bingx_async.emulator.samples import load_sample

STRANGE = (
    "null", "true", "false", "0", "-1", "1e400", "-1e999999999", "1e-999999999", "9" * 10_000, "1" + "0" * 30, "0.1",
    "-0", '""', '"0"', '"NaN"', '"Infinity"', '"-1"', '"1e999999999"', '"LIQUIDATED"', '"1_000"', '"٣"', '" 1 "',
    '"\\ud800"', '"null"', "[]", "{}", "[[]]", "[null]", '[{"orderId":null}]', '{"orders":null}', '"1727193814"',
    "1727193814249000", "[" * 60 + "]" * 60,
)  # fmt: skip
DEEP = 0.15  # the chance that a value is hit, on each level
EVERY = 7  # of so many replies one is left whole


def spoilt(value: Any, random: Random) -> str:
    """The JSON text of `value` after some accidents: left out, null, of another kind, huge, reordered, twice."""
    if random.random() < DEEP:
        return random.choice(STRANGE)
    if isinstance(value, dict):
        return _object(list(cast("dict[str, Any]", value).items()), random)
    if isinstance(value, list):
        return _array(list(cast("list[Any]", value)), random)
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def _object(members: list[tuple[str, Any]], random: Random) -> str:
    kept = [member for member in members if random.random() > DEEP]
    if kept and random.random() < DEEP:
        kept.append(random.choice(kept))
    if random.random() < DEEP:
        kept.append(("somethingNew", {"a": [1]}))
    if random.random() < DEEP:
        random.shuffle(kept)
    return "{" + ",".join(f"{json.dumps(name)}:{spoilt(item, random)}" for name, item in kept) + "}"


def _array(items: list[Any], random: Random) -> str:
    kept = [item for item in items if random.random() > DEEP]
    kept += kept if random.random() < DEEP else []
    if random.random() < DEEP:
        random.shuffle(kept)
    return "[" + ",".join(spoilt(item, random) for item in kept) + "]"


def replies(endpoint: Endpoint[Any], random: Random) -> Iterator[str]:
    """Replies of an endpoint that begin with code 0, or with nothing where its replies have no code; without end."""
    reply: dict[str, Any] = load_sample(endpoint.name)["reply"]
    while True:
        if not endpoint.has_code:
            whole = json.dumps(reply, default=str) if reply else ""
            yield spoilt(reply, random) if random.randrange(EVERY) else whole
        elif random.randrange(EVERY):
            yield f'{{"code":0,"data":{spoilt(reply["data"], random)}}}'
        else:
            yield f'{{"code":0,"msg":"","data":{json.dumps(reply["data"], default=str)}}}'


def read(endpoint: Endpoint[Any], text: str) -> bool:
    """Read one reply as a call does, and everything that its model computes; whether it was accepted."""
    verdict = judge(200, {}, text, 0.0, endpoint.has_code)
    if not isinstance(verdict, Accepted):
        return False
    found = endpoint.read(verdict.data)
    for model in found if isinstance(found, list) else [found]:
        if hasattr(model, "__attrs_attrs__"):
            json.dumps(to_dict(model))
    return True


def run(most: int, seconds: float, seed: int) -> Counter[str]:
    """Read replies of every endpoint in turn; how many of each were accepted. A failure names the reply."""
    ends_at, counts = time.monotonic() + seconds, Counter[str]()
    sources = [(each, replies(each, Random(f"{seed} {each.route}"))) for each in CATALOGUE]
    while counts.total() < most and time.monotonic() < ends_at:
        for endpoint, texts in sources:
            text = next(texts)
            try:
                counts[endpoint.route] += read(endpoint, text)
            except Exception as error:
                raise AssertionError(f"{endpoint.route} failed at {text[:2000]}") from error
    return counts


if __name__ == "__main__":
    most = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
    began = time.monotonic()
    found = run(most, float("inf"), seed=1)
    print(f"{found.total():,} replies of {len(found)} endpoints read in {time.monotonic() - began:.0f} s, none raised")
