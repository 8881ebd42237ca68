"""The commands: one module per group of verbs, heavy imports inside the functions."""

from bypost.cli.app import main

__all__ = ["main"]
