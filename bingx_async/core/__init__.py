"""The rules, pure: no await, no clock, no randomness, no I/O. Everything here can be tested with plain values.

A *quota* is the number of calls that the exchange allows in a window; a *bucket* is our state for one quota and one
owner, and holds one *token* for each call that the quota allows. A call draws on several buckets, its *claims*. It
gets a *permit* for all of them or none; a refusal is a value, *not until* a moment. A reply is read into a *verdict*.
A *penalty* closes a scope until a moment the exchange named; a *backoff* is our own delay where it named none. At the
end of either, one call goes first as a *probe*.

The exchange may count in a window fixed to the first request or to the clock, in a sliding window, or with a token
bucket: rule R is right under all of them. docs/internals ("Rule R") has its proof, its assumptions and its price.
"""
