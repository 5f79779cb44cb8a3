"""The client as its users meet it: bytes out, models and errors in."""
