"""Settings: ``bypost.toml`` and the environment, checked and frozen.

Each key may also stand in the environment as ``BYPOST_SECTION__KEY``, which wins. Secrets stand
only there, or in a file that a ``*_file`` key names; they never show in ``repr`` or in an error.
"""

from bypost.settings.load import FILE_NAME, load_settings
from bypost.settings.model import Settings

__all__ = ["FILE_NAME", "Settings", "load_settings"]
