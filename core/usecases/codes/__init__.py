"""Words that make an order cheaper."""
