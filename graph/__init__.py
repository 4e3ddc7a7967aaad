"""The conversation as a LangGraph state machine: typed state, nodes with their prompts, and the session that drives it.

Six roles belong here: Advisor, Review, Run, Evaluator, Reflector and Optimizer. Nothing in this package knows a screen;
it imports `toishi.tools` and is imported by `toishi.tui` and `toishi.assistant`.
"""
