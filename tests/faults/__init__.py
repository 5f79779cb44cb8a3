"""Every fault that a raw TCP server can play, against every kind of call and every transport."""
