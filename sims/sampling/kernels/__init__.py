"""Compiled samplers: loops over arrays, one kernel per algorithm.

Kernels draw from an open stream (`sfc64`), read the tables of a tree and a proposal (`tables`) and
write into arrays they are given. None of them checks its input: `samplers`, above, does.
"""
