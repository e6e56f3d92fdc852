"""What came of training a model, as pictures."""
