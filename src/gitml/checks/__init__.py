"""What is allowed: pure functions from a snapshot and its changes to problems."""
