"""Every error that a person may meet, as one sentence that names the bad value and the way out.

    ToishiError
    ├── UsageError            what the person gave cannot be used (exit code 2)
    │   ├── TaskError             task.toml, or a file that it names
    │   ├── DataError             rows, columns, splits
    │   ├── ModelUnknown          no provider for this name, or a package that it needs is missing
    │   ├── RequestUnfit          the endpoint does not take such a request (400): a setting, or one row
    │   └── TrustNeeded           nobody said yet that the project's own code may run (exit code 5)
    ├── AnswerNeeded          only a person can settle it, and nobody is there to be asked (exit code 5)
    │   └── ConsentNeeded         whether what looks personal may leave this machine
    ├── SandboxUnavailable    generated code cannot be confined here, so it is not run: infrastructure, never a score
    ├── ModelUnavailable      the endpoint failed after every retry: infrastructure, never a score
    ├── RequestRefused        the model cannot take this one request: a task error, a score of 0 and no retry
    ├── JudgeUnreadable       a judging model gave no verdict, also when asked again: infrastructure, never a score
    ├── MetricFailed          a metric could not judge an answer: no score follows, the metric is to be mended
    ├── NoVerdict             an evaluation broke off for one of these, and can be taken up again (exit code 130)
    ├── BudgetSpent           the next piece of work does not fit the budget any more
    ├── ChangeConflict        a file is not what the change expects, or the hash is not the approved one
    └── JournalError          the database cannot be opened, read or written
        └── JournalDamaged        it is not whole any more

What a program or a model gets wrong on one example is no exception: it is a rollout with a score and a feedback text.
"""


class ToishiError(Exception):
    """Base of all errors whose message is meant for a person."""


class UsageError(ToishiError):
    """What was given cannot be used."""


class TaskError(UsageError):
    """`task.toml` or a file that it names cannot be used."""


class DataError(UsageError):
    """The data cannot be read as the task says."""


class LabelsNeeded(DataError):
    """The data can be read, and too few of its rows have an answer that somebody wrote or confirmed."""


class ModelUnknown(UsageError):
    """No provider serves this model name here."""


class RequestUnfit(UsageError):
    """The endpoint does not take such a request: a setting is at fault, or what one row holds."""


class TrustNeeded(UsageError):
    """The project's own code is not to run before somebody says so."""


class AnswerNeeded(ToishiError):
    """A person has to answer first; nothing was done that depends on it."""


class ConsentNeeded(AnswerNeeded):
    """What looks personal would leave this machine, and nobody agreed to that; nothing was sent."""


class SandboxUnavailable(ToishiError):
    """Generated code cannot be confined here, so it is not run; no score follows from it."""


class ModelUnavailable(ToishiError):
    """The model could not be reached; no score follows from it.

    `retry_after` is the number of seconds that the endpoint asked to wait, None where it said nothing. `busy` where it
    has too much to do, rather than being broken: fewer calls at once may help.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, busy: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.busy = busy


class RequestRefused(ToishiError):
    """The model cannot take this one request, as when the prompt is longer than its window; others may be fine."""


class JudgeUnreadable(ToishiError):
    """The judge's reply holds no verdict, also after it was asked again; no score follows from it."""


class MetricFailed(ToishiError):
    """A metric could not judge an answer (a person's function raised, a pattern takes for ever): never a score."""


class NoVerdict(ToishiError):
    """An evaluation broke off, as where a server was gone: nothing is said of the program; the same call goes on."""


class BudgetSpent(ToishiError):
    """The next reservation would exceed a limit of the budget."""


class ChangeConflict(ToishiError):
    """The change cannot be written or undone without losing something."""


class JournalError(ToishiError):
    """The journal cannot be used."""


class JournalDamaged(JournalError):
    """The journal is not whole any more."""
