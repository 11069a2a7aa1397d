"""Patterns over streams of events: declared as expressions, compiled, matched event by event.

`expressions`, `sources` and `figures` are what a declaration is made of, `declare` puts steps
together and refuses what cannot be, `compiling` makes the code that runs for each event, `partials`
is what that calls when something changes, and `matcher` keeps one state per key. Nothing here
reads a clock: time is that of the events.
"""
