"""Personal data in rows: what looks like it, and whether it may leave this machine."""
