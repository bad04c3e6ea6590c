"""From errors to particles: routes, regimes, and what to run."""
