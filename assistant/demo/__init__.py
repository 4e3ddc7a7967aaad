"""The demo's data and task: real messages to a bank, by intent."""
