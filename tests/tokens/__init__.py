"""Small random changes of the cores, and whether the unit tests of that core notice each."""
