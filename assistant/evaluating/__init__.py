"""What `toishi eval` does: versions scored, compared, and told."""
