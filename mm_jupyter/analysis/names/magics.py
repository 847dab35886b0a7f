"""What the known magics and shell commands do, one word each.

``python``: their text runs in the notebook's own names. ``words``: it is evaluated and binds nothing. ``none``: no
later execution can tell. Every other word is a barrier; a magic that is not listed is the barrier ``magic``.
"""

from __future__ import annotations

import re

_CELL = {
    "python": "track time capture prun",
    "words": "timeit memit",
    "none": "html HTML latex markdown javascript js svg SVG writefile file",
    "shell": "bash sh script system sx ! python python2 python3 pypy perl ruby cmd",
}
_LINE = {
    "python": "time",
    "words": "timeit prun memit lprun mprun",
    "none": (
        "who whos who_ls pwd ls ll lf lk lx ldir lsmagic history hist magic quickref pinfo pinfo2 pdoc pdef psource "
        "pfile psearch pycat cat less more man page pprint notebook tb xmode colors debug pdb autosave connect_info "
        "qtconsole bookmark dhist dirs logstate logstart logstop logon logoff doctest_mode pip conda mamba micromamba "
        "uv pylint"
    ),
    "cwd": "cd pushd popd",
    "environ": "env set_env dotenv",
    "settings": "matplotlib config precision gui",
    "run": "run",
    "star import": "pylab",
    "globals": "reset reset_selective xdel store",
    "shell": "sx system sc cp mv rm rmdir mkdir",
}
CELL_KINDS = {name: kind for kind, names in _CELL.items() for name in names.split()}
LINE_KINDS = {name: kind for kind, names in _LINE.items() for name in names.split()}

_READS_ONLY = re.compile(
    r"\s*(?:ls|ll|dir|pwd|cat|head|tail|wc|echo|du|df|free|nproc|lscpu|nvidia-smi|uname|whoami|hostname|date|file|"
    r"stat|tree|which|grep|sort|uniq|cut|nl|less|more|type|"
    r"(?:python[\d.]*\s+-m\s+)?(?:pip[\d.]*|conda|mamba|uv|poetry)|"
    r"(?:python[\d.]*|jupyter|node|git)\s+--version|git\s+(?:log|status|diff|show|branch|rev-parse)|printenv|env)"
    r"(?:\s[^;&<>`]*)?"
)


def shell_is_safe(command: str) -> bool:
    """A shell command changes nothing that a later execution reads: it lists, or installs what the record of the
    environment holds anyway."""
    if "$(" in command:
        return False
    return all(_READS_ONLY.fullmatch(part) for part in command.split("|"))
