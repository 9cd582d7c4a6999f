"""Undoing by new changes, with the data on request."""
