"""What `toishi judge` does: a model's marks held against a person's."""
