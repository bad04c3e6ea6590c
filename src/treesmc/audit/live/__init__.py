"""Auditing a live model: what a model is, probing it, pilot runs of SMC on it."""
