"""What stands beside the fields of a comparison: the data, the code, the environment, and how long it took."""
