"""The demonstration: real traffic at exactly the allowed pace against the emulator, measured and shown.

`scenario` drives the traffic, `statement` reads fills and balances, `report` turns the counts of the emulator into
shares of quotas and judges, `run` shows it live: through `screen` in a terminal, as plain lines in a pipe. Needs
`bingx-async[demo]`.
"""
