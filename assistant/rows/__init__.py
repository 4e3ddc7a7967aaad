"""What a person is told of rows: what was read, and what would leave the machine."""
