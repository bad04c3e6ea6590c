"""The full laws of the algorithms on small symbolic trees, and the identities they satisfy.

An expectation is a sum over all histories of an algorithm, enumerated literally on a binary tree
whose policy and values are letters; an identity is decided in all letters at once.
"""
