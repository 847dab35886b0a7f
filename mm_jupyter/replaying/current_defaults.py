"""The defaults that library callables have in an interpreter now, asked of a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable

from mm_jupyter.analysis.calls import Signatures
from mm_jupyter.replaying.bootstrap import package_path

SECONDS = 60.0
_CODE = """
import json, sys
sys.path.append(sys.argv[1])
from mm_jupyter.kernel.defaults import signatures_of
found = signatures_of(json.load(sys.stdin))
sys.stdout.write("\\n" + json.dumps(found))
"""


def current_defaults(names: Iterable[str], python: str = sys.executable) -> Signatures:
    """Signature defaults by full name; nothing of what is not installed there, or where that takes over a minute.

    The modules are imported in isolation: nothing of the project's folder can be among them.
    """
    with tempfile.TemporaryDirectory(prefix="mm-") as aside:
        try:
            done = subprocess.run(
                [python, "-I", "-c", _CODE, str(package_path())],
                input=json.dumps(list(names)),
                cwd=aside,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=True,
            )
            found: Signatures = json.loads(done.stdout.rpartition("\n")[2])
        except (OSError, ValueError, subprocess.SubprocessError):
            return {}
    return found
