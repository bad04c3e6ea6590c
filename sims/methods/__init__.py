"""Methods: what can be run on a tree, each with its sampler, its law, and what it costs.

`method`    what is said of a method, and the rule for when its law is exact
`registry`  all of them; the command line, sweeps, help texts and tests read it
`distance`  total variation from replicates
`search`    the least number of particles, where it is searched for

The other modules hold one method each, or two that differ in a word.
"""
