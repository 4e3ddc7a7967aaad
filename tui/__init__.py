"""The chat in the terminal: the Textual app with its screens, widgets, messages and themes.

It draws what `toishi.graph` says and sends back what the person decides; no decision about a run is made here.
"""
