"""Runs that were made: found, listed, shown, compared, applied, deleted."""
