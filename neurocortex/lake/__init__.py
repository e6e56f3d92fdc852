"""The Lake: documents, vectors and tables in PostgreSQL, and the search over them."""
