"""The read model of a group: what its journals, statuses and ticks add up to, for whoever shows it.

`GroupModel` decides what is shown; it opens nothing and reads no clock. `reading` feeds it from a
run directory: what it knows it can always have again from the journals.
"""
