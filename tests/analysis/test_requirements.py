"""An environment as requirements and as a Dockerfile."""

from __future__ import annotations

from mm_jupyter.analysis.environments import differing
from mm_jupyter.analysis.requirements import dockerfile, requirements
from mm_jupyter.records import Environment, Package


def environment(*packages: Package, **facts: object) -> Environment:
    given = {"variables": {}, "threads": {}, "python": "3.11.7", **facts}
    return Environment(
        implementation="cpython", platform="Linux-6", machine="x86_64", processor="", cpus=2, packages=packages, **given
    )  # fmt: skip


KERNEL = Package(name="ipykernel", version="6.29.0")


def test_each_package_is_a_line_by_where_it_came_from_and_ours_is_none() -> None:
    made = environment(
        KERNEL,
        Package(name="mm-jupyter", version="1", origin="editable file:///x"),
        Package(name="numpy", version="1.26.4"),
        Package(name="lib", version="1", origin="git+https://host/lib@abc"),
        Package(name="own", version="1", origin="editable file:///own"),
    )
    assert requirements(made) == (
        "-e file:///own",
        "ipykernel==6.29.0",
        "lib @ git+https://host/lib@abc",
        "numpy==1.26.4",
    )
    assert "numpy==1.26.4" not in requirements(made, without=["NumPy"])


def test_a_kernel_is_added_where_there_was_none() -> None:
    assert "ipykernel" in requirements(environment(Package(name="numpy", version="1")))


def test_a_dockerfile_sets_the_variables_and_keeps_redacted_secrets_out() -> None:
    made = environment(
        KERNEL, variables={"OMP_NUM_THREADS": "2", "TZ": 'a"$b', "SKLEARN_KEY": "<redacted key>"}
    )
    text = dockerfile(made, "pylock.toml")
    assert text.startswith("FROM python:3.11.7-slim\n")
    assert 'ENV OMP_NUM_THREADS="2"\n' in text
    assert 'ENV TZ="a\\"\\$b"\n' in text
    assert "redacted" not in text


def test_two_environments_differ_fact_by_fact_packages_first() -> None:
    old = environment(KERNEL, Package(name="numpy", version="1"), variables={"TZ": "UTC"})
    new = environment(
        KERNEL, Package(name="scipy", version="2"), python="3.12.1", threads={"openmp": 4}
    )
    facts, same = differing(old, new)
    assert [(one.kind, one.name, one.old, one.new) for one in facts] == [
        ("package", "numpy", "1", None),
        ("package", "scipy", None, "2"),
        ("python", "python", "cpython 3.11.7", "cpython 3.12.1"),
        ("threads", "openmp", None, "4"),
        ("variable", "TZ", "UTC", None),
    ]
    assert same == 6
