"""Readers, each in its own protocol, and the one way from them into the spool."""
