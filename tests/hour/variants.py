"""The exchange of a seed: each fact that is open, drawn anew."""

from __future__ import annotations

from random import Random
from typing import Any

from attrs import fields

from bingx_async.emulator import Variants
from tests.session.world import CHOICES

ABOUT_STREAMS = (
    "ping", "frames", "ack_form", "repeated_topic", "too_many_messages", "depth_ids", "depth_levels", "data_form",
    "repeated_listen_key", "listen_key_end", "unknown_listen_key", "shared_listen_key", "wallet_balance",
    "locked_in_events", "initial_balances", "event_client_id", "event_trade_id", "event_numbers", "ended_by_exchange",
    "conditional_events", "oco_events", "triggered_id", "repeated_cancel", "listen_key_form", "conditional_side",
)  # fmt: skip


def variants_of(seed: int, ping_ms: int = 5000) -> Variants:
    """The choices of a seed; of the first one those that are documented."""
    draw, every = Random(f"variants {seed}"), dict[str, Any](CHOICES)
    every |= {name: getattr(fields(Variants), name).metadata["choices"] for name in ABOUT_STREAMS}
    return Variants(
        ping_ms=ping_ms, **{name: draw.choice(choices) if seed else choices[0] for name, choices in every.items()}
    )
