"""``python -m bypost`` is the installed command."""

import sys

from bypost.cli import main

sys.exit(main())
