"""Helpers beside the tests are importable from every room below."""
