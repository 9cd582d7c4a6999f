"""Writing: files, the index and a branch, in an order that a crash can interrupt anywhere."""
