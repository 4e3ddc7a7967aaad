"""Whether a model that judges marks as a person does."""
