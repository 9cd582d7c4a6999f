"""What can be done: functions that return changes, and `apply`, the one door that writes them."""
