"""A first `task.toml` for a person's own files, with the reason for every line."""

from toishi.tools.workbench.drafting.draft import Draft, Question, Wishes, draft, with_answer

__all__ = ["Draft", "Question", "Wishes", "draft", "with_answer"]
