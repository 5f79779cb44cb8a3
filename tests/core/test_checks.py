"""Settings are refused with their name, what was given and what to write instead."""

import math
from typing import Any

import pytest
from attrs import field, frozen

from bingx_async.core.options import has, number, one_of
from bingx_async.errors import InvalidRequest


@frozen
class Settings:
    """One setting for each kind of check."""

    part: Any = field(default=1, validator=number(above=0, at_most=1))
    seconds: Any = field(default=1, validator=number(at_least=0, such_as=30))
    mode: Any = field(default="slow", validator=one_of("slow", "quick", "off"))
    store: Any = field(default=[], validator=has("append", "a list: write []"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"part": 0}, "part must be above 0 and at most 1, not 0"),
        ({"part": 1.5}, "part must be above 0 and at most 1, not 1.5"),
        ({"part": math.nan}, "part must be above 0 and at most 1, not nan"),
        ({"part": True}, "part must be a number such as 0.5, not True"),
        ({"part": "half"}, "part must be a number such as 0.5, not 'half'"),
        ({"seconds": None}, "seconds must be a number such as 30, not None"),
        ({"seconds": -1}, "seconds must be at least 0, not -1"),
        ({"mode": "fast"}, "mode must be 'slow', 'quick' or 'off', not 'fast'"),
        ({"mode": 1}, "mode must be 'slow', 'quick' or 'off', not 1"),
        ({"store": list}, "store must be a list: write [], not the class list"),
        ({"store": "password"}, "store must be a list: write [], not of type str"),
    ],
)
def test_refused(given: dict[str, Any], message: str) -> None:
    """The message of a refusal is complete, and is an `InvalidRequest`."""
    with pytest.raises(InvalidRequest) as caught:
        Settings(**given)
    assert str(caught.value) == message


def test_accepted() -> None:
    """Bounds belong to the values that are allowed, except `above`."""
    assert Settings(1, 0, "off", [1]) == Settings(1.0, 0.0, "off", [1])
    assert Settings(math.ulp(0.0), math.inf).seconds == math.inf
