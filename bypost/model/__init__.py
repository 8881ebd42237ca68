"""The words every layer shares, as frozen values."""
