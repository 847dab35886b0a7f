"""The environment names what is there, as the standard library would, and gives no secret away."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
from pathlib import Path

import pytest
import sklearn.ensemble  # noqa: F401 - loads BLAS and OpenMP
import threadpoolctl

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel.environment import capture
from mm_jupyter.records import from_json, to_json
from mm_jupyter.records.environment import Environment

REDACTOR = Redactor(b"0123456789abcdef")


def test_packages_are_those_of_importlib_metadata() -> None:
    expected: dict[str, str] = {}
    for found in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
        expected.setdefault(name, found.version)

    packages = {package.name: package.version for package in capture(REDACTOR).packages}

    assert packages == expected


def test_the_machine_and_the_interpreter() -> None:
    environment = capture(REDACTOR)

    assert environment.python == ".".join(map(str, sys.version_info[:3]))
    assert environment.implementation == "cpython"
    assert environment.machine == os.uname().machine
    assert environment.platform.startswith(os.uname().sysname)
    assert environment.cpus == len(os.sched_getaffinity(0))
    assert from_json(Environment, json.loads(json.dumps(to_json(environment)))) == environment


def test_blas_and_threads_are_those_of_threadpoolctl() -> None:
    environment = capture(REDACTOR)

    for library in threadpoolctl.threadpool_info():
        name = library["internal_api"]
        assert environment.threads[name] == library["num_threads"]
        if name == "openblas":
            assert any(
                library["version"] in said and library["architecture"] in said
                for said in environment.blas
            )


def test_a_limit_of_threads_is_seen() -> None:
    with threadpoolctl.threadpool_limits(1):
        assert set(capture(REDACTOR).threads.values()) == {1}


def test_variables_that_matter_are_kept_and_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("TORCH_HUB_TOKEN", "a8f5f167f44f4964")
    monkeypatch.setenv("SOMETHING_ELSE", "x")

    variables = capture(REDACTOR).variables

    assert variables["OMP_NUM_THREADS"] == "3"
    assert variables["TORCH_HUB_TOKEN"] == REDACTOR.mark_of("a8f5f167f44f4964", "TORCH_HUB_TOKEN")
    assert "SOMETHING_ELSE" not in variables


@pytest.mark.parametrize(
    ("direct_url", "origin"),
    [
        (
            {
                "url": "https://me:pa55word@host/x.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc"},
            },
            f"git+https://me:{REDACTOR.mark_of('pa55word', 'url-password')}@host/x.git@abc",
        ),
        ({"url": "file:///src", "dir_info": {"editable": True}}, "editable file:///src"),
        ({"url": "file:///x.whl", "archive_info": {}}, "file:///x.whl"),
        ({}, None),
        (None, None),
    ],
)
def test_where_a_package_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct_url: object, origin: str | None
) -> None:
    folder = tmp_path / "My.Odd_Thing-1.0+cpu.dist-info"
    folder.mkdir()
    if direct_url is not None:
        (folder / "direct_url.json").write_text(json.dumps(direct_url))
    monkeypatch.syspath_prepend(str(tmp_path))

    (package,) = [one for one in capture(REDACTOR).packages if one.name == "my-odd-thing"]

    assert (package.version, package.origin) == ("1.0+cpu", origin)


def test_a_project_in_development_tells_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dev_thing.egg-info").mkdir()
    (tmp_path / "dev_thing.egg-info" / "PKG-INFO").write_text("Name: dev-thing\nVersion: 0.3\n")
    (tmp_path / "old_thing-1.2-py3.11.egg-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))

    versions = {package.name: package.version for package in capture(REDACTOR).packages}

    assert versions["dev-thing"] == "0.3"
    assert versions["old-thing"] == "1.2"


def test_a_package_installed_meanwhile_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    capture(REDACTOR)
    (tmp_path / "late-2.0.dist-info").mkdir()

    assert any(package.name == "late" for package in capture(REDACTOR).packages)
