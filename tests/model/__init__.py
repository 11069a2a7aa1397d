"""The intent protocol as a model on one page, and what keeps model and code from drifting apart.

`intent.pml` is the model; SPIN searches all that it can do. `checker` runs SPIN. `traces` reads
from a simulation of the real code what its journals and the broker said of each signal, step by
step; each of these steps must be one that the model can take too (`transitions.txt`).
"""
