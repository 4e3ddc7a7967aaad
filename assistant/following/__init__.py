"""A run while it goes on, and how it ended."""
