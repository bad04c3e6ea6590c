"""``python -m treesmc``."""

import sys

from treesmc.cli import main

sys.exit(main())
