"""The whole group in virtual time, against an adversary: `python -m tests.simulation --seed N`."""
