"""What can be seen: pure functions of snapshots; never write."""
