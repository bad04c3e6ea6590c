"""Helpers beside the tests are importable from every folder below."""
