"""Labels for rows that came without one: drafted by a model or by rule, kept beside the data, confirmed by a person."""
