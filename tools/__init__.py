"""What developers run, and nothing else does."""
