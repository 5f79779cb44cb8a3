"""The emulator's market: symbols with their rules, prices that move, an order book and trades around them."""
