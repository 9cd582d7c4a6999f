"""Data: where DVC says that bytes are, and the bytes."""
