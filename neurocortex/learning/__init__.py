"""What the router learns from finished runs: how long a request takes, and what
its flow run takes of the machine, by its sizes.

The flow train-router learns with scikit-learn; the gateway asks what came out without it.
"""
