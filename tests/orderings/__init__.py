"""Life stories of orders, told in every order: `python -m tests.orderings 1e6`, or `nox -s orderings`."""
