"""The verbs of `toishi`, one a module; each holds its click command as `command`, whose docstring is its help."""
