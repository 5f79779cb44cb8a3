"""Four strategies for an hour of bad network, killed and begun anew: `python -m tests.hour 0-9 60` plays it."""
