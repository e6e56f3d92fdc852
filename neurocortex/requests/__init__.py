"""What a program may ask for: requests, and the pipelines that serve them."""
