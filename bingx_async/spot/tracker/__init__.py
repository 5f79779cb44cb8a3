"""The truth about one's own orders: replies, events and queries merged into one state of each."""
