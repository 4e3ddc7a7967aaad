"""The kinds of metric that `[metric]` may name, each with the keys that have a meaning for it."""
