"""Payments that a bank takes back."""
