"""The HTTP API: one module for each noun, beside what they share."""

from bypost.web.api.app import make_api

__all__ = ["make_api"]
