"""Sizes of an audit that is over at once."""

SMALL = {
    "probes": 8,
    "guided": 8,
    "children": 2,
    "rollouts": 2,
    "particles": 8,
    "replicates": 2,
    "bootstrap": 20,
}
