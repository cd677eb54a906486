"""Toylab: a simulator, a model family and an engine target that simgate knows only by its entry points."""
