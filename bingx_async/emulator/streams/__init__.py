"""The streams of the emulator."""
