"""What notifications does, one method an intention.

What takes a connection runs inside the transaction that has deduplicated its event; each other method is one
transaction of its own. Nothing here calls out: attempts are made by jobs, between `claim` and `conclude`.
"""
