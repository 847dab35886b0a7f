"""Executes cells in forks of one warm process, without our product: what ddmin and the changed recipes are judged by.

Started as a process: a request a line (JSON: ``cells``, ``names``, ``files``), an answer a line (``values`` and
``outputs`` are digests of what the last cell bound and showed; ``error`` where a cell raised).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_VARYING = re.compile(r"^(CPU times|Wall time).*$|^Out\[\d+\]: ", re.MULTILINE)


class Oracle:
    """The process, asked from here."""

    def __init__(self) -> None:
        env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )

    def ask(
        self, cells: list[dict[str, Any]], names: list[str], files: dict[str, str]
    ) -> dict[str, Any]:
        """Execute the cells (``source``, ``raises``) in a fresh fork."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(
            json.dumps({"cells": cells, "names": names, "files": files}) + "\n"
        )
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _serve() -> None:
    import digesting  # noqa: F401 - warm, as all that the notebooks import
    import matplotlib as mpl
    import pandas  # noqa: F401
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.pipeline  # noqa: F401
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    mpl.use("agg")
    import matplotlib.pyplot  # noqa: F401

    config = Config({"HistoryManager": {"enabled": False}})
    InteractiveShell.enable_gui = lambda *_: None
    shell = InteractiveShell.instance(config=config)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            answer = {"error": "the oracle failed"}
            try:
                answer = _execute(shell, json.loads(line))
            except BaseException as error:  # noqa: BLE001
                answer = {"error": repr(error)}
            finally:
                os.write(write, json.dumps(answer).encode())
                os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            text = pipe.read()
        os.waitpid(child, 0)
        print(text or json.dumps({"error": "it died"}), file=answers, flush=True)


def _execute(shell: Any, request: dict[str, Any]) -> dict[str, Any]:
    import digesting
    from IPython.utils.capture import capture_output

    with tempfile.TemporaryDirectory() as folder:
        for name, text in request["files"].items():
            Path(folder, name).write_text(text)
        os.chdir(folder)
        sys.path.insert(0, folder)
        *before, last = request["cells"]
        for cell in before:
            with capture_output():
                result = shell.run_cell(cell["source"], store_history=True)
            if not result.success and not cell["raises"]:
                return {"error": repr(result.error_in_exec or result.error_before_exec)}
        with capture_output() as shown:
            result = shell.run_cell(last["source"], store_history=True)
        if not result.success:
            return {"error": repr(result.error_in_exec or result.error_before_exec)}
        outputs = [
            _VARYING.sub("", shown.stdout),
            *(str(sorted(one.data.items())) for one in shown.outputs),
        ]
        return {
            "values": digesting.digest(shell.user_ns, request["names"]),
            "outputs": hashlib.sha256("\n".join(outputs).encode()).hexdigest()[:24],
            "error": None,
        }


if __name__ == "__main__":
    _serve()
