"""``python -m treesmc``."""

from treesmc.cli import run_process

run_process()
