"""The answer is Python: it runs in the sandbox, and tests say whether what it does is right."""

from toishi.tools.workbench.metrics.code.metric import Code, build

__all__ = ["Code", "build"]
