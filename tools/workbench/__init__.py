"""What every engine stands on: task, program, data, metric, models, budget, journal, rollouts, statistics, changes."""
