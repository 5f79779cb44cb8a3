"""The emulator's trading: orders, their matching against the market, and the money that moves."""
