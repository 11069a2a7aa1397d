"""The whole group in one process on a virtual clock: what back-test and simulation share."""
