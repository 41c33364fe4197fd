"""Figures of speed, each against a limit measured in the same run on the same machine: `scripts/bench`.

Absolute figures say as much of the machine, and of what else runs on it, as of this code. So each figure
is a ratio: ours and its limit (an empty handler, a bare upsert) are measured turn by turn in short rounds,
and the median of the rounds' ratios stands. Ours is `onhand serve stock` as shipped, with authentication,
validation, metrics and trace context on, in a process of its own; so are the servers and the client.
"""
