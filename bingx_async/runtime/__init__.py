"""Everything that awaits: the clock, the queue, the transport and the loop of a call."""
