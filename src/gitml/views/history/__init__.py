"""What happened to records, commit by commit."""
