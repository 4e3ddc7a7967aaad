"""The engines, each usable as a plain library without the graph and without a screen."""
