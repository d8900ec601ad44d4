"""`python -m yunsim` is the command `yunsim`."""

import sys

from yunsim.cli import main

sys.exit(main())
