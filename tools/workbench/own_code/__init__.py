"""A person's own Python: whether it may run, how it is loaded, where its prints go."""
