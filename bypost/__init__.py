"""ByPost: Markdown lessons in, an email course on every subscriber's own clock out."""

__version__ = "0.1.0"
