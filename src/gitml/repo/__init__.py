"""Where it lives: git, snapshots, pointers, readers and the writer. The only room that touches the repository."""
