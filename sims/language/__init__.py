"""A language model small enough to be solved: character n-grams, rewards read by automata.

`text`      the corpus, and the 31 characters it is reduced to
`ngram`     the reference policy: an n-gram model with Witten-Bell smoothing
`automata`  the reward: what a finite automaton accepts, from a specification such as contains:word
`instance`  their product, a tree MDP whose true value is exact at horizons in the hundreds
"""
