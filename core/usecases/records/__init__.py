"""What staff and operators read of what happened, what waits for a person, and what is tried again."""
