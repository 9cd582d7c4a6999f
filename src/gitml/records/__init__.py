"""What is said: refs, canonical YAML, schemas and filters. Pure: no Git, no disk."""
