"""What `toishi label` does: drafts made, looked at, and written down."""
