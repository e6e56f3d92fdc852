"""Where a request is served: the lane, the tier, and why. Pure rules."""
