"""The command line of the shop: it starts, migrates, seeds and inspects it."""

__version__ = "0.1.0"
