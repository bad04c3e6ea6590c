"""What is measured on a log: Bellman error, value error, step scores, each with its interval."""
