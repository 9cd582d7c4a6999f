"""What would help a store in this clone, and setting it."""
