"""A session of many accounts against the emulator, in simulated time: `python -m tests.session` plays half an hour."""
