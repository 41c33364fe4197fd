"""SQL of notifications; rows ⇄ domain.

Rows are locked in the order: endpoint, then messages, these by their ids.
"""

FORGET_AT_ONCE = 10_000
"""Rows that one step of housekeeping drops; protects the relay from long writers."""
