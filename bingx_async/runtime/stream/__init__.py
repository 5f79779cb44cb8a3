"""Streams: sockets that come back by themselves, and the topics spread over them."""
