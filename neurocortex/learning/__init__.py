"""What the router learns from finished runs: how long a request takes, by its sizes.

The flow train-router learns with scikit-learn; the gateway asks what came out without it.
"""
