"""The rules, pure: no await, no clock, no randomness, no I/O. Everything here can be tested with plain values.

**What the exchange does.** It counts every call when it arrives: per account and endpoint (the UID quota), and per
outgoing address (per endpoint and per group). It refuses what exceeds a quota, closes the endpoint for a while, and
may close it longer for calls that come meanwhile. How it counts is unknown (a window fixed from the first request
or to the clock, a sliding window, a token bucket), so the rule must be right under all of them.

**Terms.** A *quota* is what the exchange allows; a *bucket* is our state for one quota and one owner. A call draws
on several buckets, its *claims*; it gets a *permit* for all of them or none, and a refusal is a value, *not until*
a moment. A reply is read into a *verdict*. A *penalty* closes a scope until a moment the exchange named; a
*backoff* is our own delay where it named none. At the end of either, one call goes first as a *probe*.

**Rule R.** A bucket allows `limit` live calls. A call is live from its grant until one occupancy after its reply::

    occupancy = window * (1 + 5e-4) + 2 ms      on our monotonic clock, which may run 5e-4 faster than the exchange's
    done      : live until replied_at + occupancy - credit
    failed    : live until given_up_at + occupancy + linger
    unsent    : free at once

**Proof.** Suppose that more than `limit` calls were counted within one window ending at t. Let x be the one of them
that was granted last. Each of the others was granted before x and was counted later than t - window. Its reply came
no earlier than its counting, so it was live until one occupancy after that, which is after t. And x was granted no
later than it was counted, so before t. Then `limit` others were live when x was granted: but x was granted, and a
bucket grants only while fewer than `limit` are live. Nothing was assumed about delays, order, route, queues or
stalls.

What was assumed: every call on this account and address is in this ledger (nobody else uses them, nothing ran just
before the start, nothing sends a call twice), the reply comes after the counting, a call given up is counted within
its linger if ever, our clock runs at most 5e-4 fast, and the quota is what it is said to be. A fixed window and a
token bucket never count more strictly than a sliding window does, so the proof covers them.

No rule can free a token earlier without help from the exchange: before the reply nobody knows when the call was
counted, and it may have been counted in the instant before the reply left.

**The life of a call.** `Endpoint` and arguments make a `Call`; `claims_of` names its buckets; `Ledger.reserve`
grants a `Permit` or says `NotUntil`; `signing.encode` stamps and signs after the wait; `verdict.judge` reads the
reply; `Ledger.settle`, `penalise` or `release` ends the permit; `wire` turns accepted data into models.
"""
