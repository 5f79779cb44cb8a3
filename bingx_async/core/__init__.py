"""The rules, pure: no await, no clock, no randomness, no I/O. Everything here can be tested with plain values.

**The exchange.** It counts every call when it arrives: per account and endpoint (the UID quota), and per outgoing
address (per endpoint and per group of endpoints). It refuses a call that exceeds a quota, closes the endpoint for a
while, and may close it for longer if calls go on coming. How it counts is unknown: in a window fixed to the first
request or to the clock, in a sliding window, or with a token bucket. So the rule must be right under all of them.

**Terms.** A *quota* is the number of calls that the exchange allows in a window; a *bucket* is our state for one
quota and one owner, and holds one *token* for each call that the quota allows. A call draws on several buckets, its
*claims*. It gets a *permit* for all of them or none; a refusal is a value, *not until* a moment. A reply is read into
a *verdict*. A *penalty* closes a scope until a moment the exchange named; a *backoff* is our own delay where it named
none. At the end of either, one call goes first as a *probe*.

**Rule R.** A bucket allows `limit` live calls. A call is live from its grant until one occupancy after its reply::

    occupancy = window * (1 + 5e-4) + 2 ms      on our monotonic clock, which may run 5e-4 faster than the exchange's
    answered  : live until replied_at + occupancy - credit
    given up  : live until given_up_at + occupancy + linger
    not sent  : free at once

The reply comes after the exchange has counted the call. So a call that is no longer live here has left the exchange's
window, whatever the network did to either of them, and a bucket that keeps at most `limit` calls live can never have
more than `limit` counted in one window. docs/internals ("Rule R") has the proof, its assumptions and its price.

**The life of a call.** An endpoint and its arguments make a `Call`, and its claims name the buckets it draws on. The
ledger reserves a token of each and grants a `Permit`, or says `NotUntil`. The call is stamped and signed after the
wait, and its reply is judged. Then the permit is settled, or released if nothing was sent, and accepted data become
models.
"""
