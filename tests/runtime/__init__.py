"""Everything that awaits: the clock, the queue, the governor and the transports."""
