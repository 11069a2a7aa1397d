"""Loaded by every Python that has this folder on its path: gives a process of the group its points.

Supervisord names its processes in their environment. Whatever else is started has no name there,
and is left as it is.
"""

import os

if os.environ.get("SUPERVISOR_PROCESS_NAME"):
    from tests.chaos import points

    points.install(os.environ["SUPERVISOR_PROCESS_NAME"])
