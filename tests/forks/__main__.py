"""``python -m tests.forks FD``: the process that forks; see :mod:`tests.forks.parent`."""

import sys

from tests.forks.parent import work

work(int(sys.argv[1]))
