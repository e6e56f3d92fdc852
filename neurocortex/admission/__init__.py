"""Who is let in: queues with bounds for each tier and tenant, and load shedding, in Redis."""
