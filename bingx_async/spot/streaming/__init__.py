"""Streams of market data and of the account, as typed items."""
