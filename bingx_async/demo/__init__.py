"""The demonstration: real traffic at exactly the allowed pace against the emulator, measured and shown.

`scenario` drives the traffic, `measure` turns the counts of the emulator into shares of quotas, `report` judges,
`screen` and `lines` show it live in a terminal and in a pipe, `run` puts them together. Needs `bingx-async[demo]`.
"""
