"""How answers are judged: each metric gives a score and a feedback text."""
