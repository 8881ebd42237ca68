"""Email services: one module each, one line each in :mod:`bypost.providers.registry`."""
