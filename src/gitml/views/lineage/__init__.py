"""Lineage: where a thing comes from, and what depends on it."""
