"""A program that uses streams, an order book and a tracker over real sockets that drop, and is watched for growth."""
