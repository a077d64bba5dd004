"""A payment provider to try the shop out with: no money moves, and it fails in every way that real ones do, on demand.

It is a process of its own with its own journal and knows nothing of the shop but what the shop sends it.
"""
