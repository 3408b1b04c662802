"""Money that we owe back."""
