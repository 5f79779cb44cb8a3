"""The emulator's endpoints: parameters in, the exchange's own form of the answer out."""
