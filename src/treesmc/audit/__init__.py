"""How good is a reward model on a policy, and how many particles does it need? An audit from logs.

`logs` reads them, `ratios` and `drift` measure the Bellman and the value error, `paths` what SMC
would do along whole paths, `predict` turns that into particles, `report` puts it together.
"""
