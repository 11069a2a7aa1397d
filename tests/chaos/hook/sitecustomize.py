"""Loaded by every Python that has this folder on its path: gives a process of the group its points.

Supervisord names its processes in their environment. Whatever else is started has no name there,
and is left as it is. The process of project-x-py has the name of the gateway that has started it.
"""

import os
import sys

if role := os.environ.get("SUPERVISOR_PROCESS_NAME"):
    if any(one.endswith("link.py") for one in sys.orig_argv):
        from tests.chaos import link_points

        if role.startswith("gateway-"):
            link_points.install(role.removeprefix("gateway-"))
    else:
        from tests.chaos import points

        points.install(role)
