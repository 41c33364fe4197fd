"""Protobuf ⇄ domain, for the servicers and for events."""
