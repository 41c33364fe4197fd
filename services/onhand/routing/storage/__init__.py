"""SQL of routing; rows ⇄ domain."""
