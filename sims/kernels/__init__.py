"""Compiled samplers: plain loops over plain arrays, one readable kernel per algorithm.

Kernels draw from the Generator they are given and write into arrays they are given. None of them
checks its input: `treesmc.sims.samplers` does, and builds the tables (`tables`) they read.
"""
