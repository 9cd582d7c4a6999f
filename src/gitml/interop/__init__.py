"""Other tools' words: what they say becomes records of ours, and what ours say is theirs to read."""
