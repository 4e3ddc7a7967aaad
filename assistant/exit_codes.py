"""What the exit code of every command says."""

DONE = 0
FAILED = 1
USAGE = 2
NO_EVIDENCE = 3
BUDGET_SPENT_BEFORE_BASELINE = 4
WAITING = 5
INTERRUPTED = 130
