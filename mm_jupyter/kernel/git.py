"""The commit that is checked out, and what differs from it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from mm_jupyter.kernel.audit import unwatched
from mm_jupyter.records import GitState

MOST_DIFF = 1024 * 1024
"""Characters kept of a difference; the rest is cut, and said to be."""
_SECONDS = 10.0
_SAFE = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.quotePath=false"),
    *("-c", "color.ui=false"),
)


def git_state(root: Path, redact: Callable[[str], str]) -> GitState | None:
    """The state of the repository around ``root``; None where there is none, or no git, or it takes over 10 s.

    ``diff`` compares tracked files with the last commit (with nothing, before the first: ``commit`` is empty then).
    It is redacted and at most ``MOST_DIFF`` characters long. Files that git does not track are not looked at. Nothing
    is locked, asked or run: no hooks, no external diff, no prompt.
    """
    status = _git(
        root, "status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules"
    )
    if status is None:
        return None
    headers = dict(line[2:].split(" ", 1) for line in status.splitlines() if line.startswith("# "))
    commit = headers.get("branch.oid", "(initial)")
    branch = headers.get("branch.head", "(detached)")
    dirty = any(line and not line.startswith("# ") for line in status.splitlines())
    base = "HEAD" if commit != "(initial)" else _empty_tree(root)
    return GitState(
        commit=commit if commit != "(initial)" else "",
        branch=branch if branch != "(detached)" else None,
        dirty=dirty,
        diff=_difference(root, base, redact) if dirty else None,
    )


def _difference(root: Path, base: str, redact: Callable[[str], str]) -> str | None:
    text = _git(
        root, "diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules", "-M", base, "--"
    )
    if text is None:
        return None
    cut = len(text) > MOST_DIFF
    return redact(text[:MOST_DIFF]) + ("\n[cut here: the difference is longer]\n" if cut else "")


def _empty_tree(root: Path) -> str:
    return (_git(root, "hash-object", "-t", "tree", os.devnull) or "").strip()


def _git(root: Path, *command: str) -> str | None:
    """What a git command prints (at most a little over ``MOST_DIFF``); None when it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }
    try:
        with (
            unwatched(),
            subprocess.Popen(
                ["git", *_SAFE, "-C", str(root), *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process,
        ):
            return _output(process)
    except (OSError, ValueError):  # no git here
        return None


def _output(process: subprocess.Popen[bytes]) -> str | None:
    timer = threading.Timer(_SECONDS, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        data = process.stdout.read(4 * MOST_DIFF)
        if len(data) == 4 * MOST_DIFF:
            process.kill()
            return data.decode("utf-8", "replace")
        return data.decode("utf-8", "replace") if process.wait() == 0 else None
    finally:
        timer.cancel()
