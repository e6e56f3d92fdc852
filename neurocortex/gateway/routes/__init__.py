"""What is served where: one module for each family of addresses."""
