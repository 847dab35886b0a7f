"""The sources that make a fresh interpreter a kernel."""

from __future__ import annotations

# Starts what ``python -m ipykernel_launcher`` starts, without the debugger: debugpy takes half of the start. The hole
# in sys.modules is closed before a cell runs, so that a notebook may import debugpy. ipykernel 7 hangs in its own
# ``close`` at one exit in twenty (its control thread waits for a thread that has ended), and waits half a minute for
# children that it has killed and not reaped: the process leaves after the user's atexit functions, without either.
BEGIN = """\
import sys
if sys.path and sys.path[0] == "":
    del sys.path[0]
sys.modules["debugpy"] = None
from ipykernel.kernelapp import IPKernelApp
"""

START = """\
import atexit, importlib.util, os
sys.argv[0] = importlib.util.find_spec("ipykernel_launcher").origin
atexit.register(os._exit, 0)
app = IPKernelApp.instance()
app.initialize()
del sys.modules["debugpy"]
async def leave_children(): pass
app.kernel._progressively_terminate_all_children = leave_children
app.start()
atexit.unregister(app.close)
"""

LAUNCH = BEGIN + START
