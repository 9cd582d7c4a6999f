"""A run once more: what it needs and what of that is there; its code and data apart, its command, the comparison."""
