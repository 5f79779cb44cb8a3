"""Many items through few calls."""
