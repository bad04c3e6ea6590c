"""Settings shared by every test."""

from hypothesis import settings

# Derandomised: the same examples on every machine. Compilation makes any deadline meaningless.
settings.register_profile("treesmc", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("treesmc")
