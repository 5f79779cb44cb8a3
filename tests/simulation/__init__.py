"""The governor in simulated time: hours of the worst weather in seconds, each run from a seed.

`python -m tests.simulation` runs every condition; `--replay CONDITION:SEED` repeats one run exactly. Rules:

- Every moment and span is in milliseconds on the client's axis; the exchange's clock may drift against it.
- The network, the exchange and the demand are simulated; governor, queue, ledger, caller and client are the real ones.
- The exchange counts each arrival in four ways at once, with the counters of `bingx_async.emulator.limits`, which
  share no arithmetic with the governor.
- A *rejection* is an arrival that finds no room in a quota. An answer from a period that the exchange has closed for
  reasons of its own is not one; a call sent into a period that the client has been told of is counted apart.
"""
