"""What a person or another program starts: the command line, and what stands around a run that nobody watches.

Importing this package is cheap: it loads nothing that is slow, and every command loads what it needs when it is called.
"""
