"""What `toishi init` does: a task drafted, asked about, and looked at once."""
