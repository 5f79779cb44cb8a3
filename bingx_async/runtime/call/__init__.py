"""One call: keys, carrier, clock, and the loop from quota to reply."""
