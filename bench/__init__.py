"""Benches: how fast, how late, how heavy, each against a rival or a physical limit measured in the same run.

In comes the service as it stands, out come a table and `var/bench.json`; every figure that is compared with a goal is a ratio.
What must never happen here: a timed assertion, a rival measured on another day, or a process left behind.
"""
