"""Measures the shop beside references on the same machine in the same run: ``python -m bench``."""
