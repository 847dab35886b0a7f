"""The REST routes of a real server: what they answer, and what they refuse."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.server.routes import ROUTES, openapi
from mm_jupyter.wire.typescript import schemas
from tests.browser.lab import TOKEN, Lab

FILLED = {
    "{experiment}": "churn",
    "{version}": "1",
    "{digest}": "blake2b:" + "0" * 32,
    "{id}": "1",
}


def filled(path: str) -> str:
    for part, value in FILLED.items():
        path = path.replace(part, value)
    return path


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a JSON value has the form that the OpenAPI file promises."""
    if "$ref" in schema:
        return fits(value, schemas()[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    match schema["type"]:
        case "object" if "properties" in schema:
            named = schema["properties"]
            return (
                isinstance(value, dict)
                and set(value) == set(named)
                and all(fits(value[key], named[key]) for key in named)
            )
        case "object":
            more = schema.get("additionalProperties", {})
            return isinstance(value, dict) and all(
                fits(one, more) for one in value.values() if more
            )
        case "array":
            items = schema.get("items") or {"anyOf": schema["prefixItems"]}
            return isinstance(value, list) and all(fits(one, items) for one in value)
        case kind:
            kinds = {
                "string": str,
                "integer": int,
                "number": (int, float),
                "boolean": bool,
                "null": type(None),
            }
            return isinstance(value, kinds[kind]) and not (
                isinstance(value, bool) and kind != "boolean"
            )


@pytest.mark.parametrize(
    ("method", "path"), [(method, route.path) for route in ROUTES for method in route.answers]
)
def test_every_route_refuses_whoever_has_no_token(server: Lab, method: str, path: str) -> None:
    status, _, said = server.ask(
        filled(path), method.upper(), {} if method != "get" else None, token=None
    )
    assert status == 403, said
    status, _, said = server.ask(
        filled(path), method.upper(), {} if method != "get" else None, token="wrong"
    )
    assert status == 403, said


QUESTIONS = {
    "experiments": "", "runs": "", "runs/{experiment}/{version}": "", "runs/{experiment}/{version}/series": "name=loss",
    "runs/{experiment}/{version}/verdicts": "", "runs/{experiment}/{version}/models": "",
    "diff": "old=churn/1&new=churn/2", "data-diff": "old=churn/1&new=churn/2",
    "compare": "runs=churn/1,churn/2,churn/3", "jobs": "", "names": "", "cells": "notebook=churn.ipynb", "setting": "",
}  # fmt: skip


@pytest.mark.parametrize("path", QUESTIONS)
def test_an_answer_has_the_form_that_the_openapi_file_promises(server: Lab, path: str) -> None:
    described = openapi()["paths"][f"/mm/api/{path}"]["get"]["responses"]["200"]
    schema = described["content"]["application/json"]["schema"]
    asked = filled(path).replace("churn/1", "churn/2")
    assert fits(server.get(f"{asked}?{QUESTIONS[path]}"), schema)


def test_the_history_groups_runs_and_pages_give_changes(server: Lab) -> None:
    (group,) = server.get("experiments")["experiments"]
    assert (group["name"], group["count"], group["metric"], group["best"]) == (
        "churn",
        3,
        "accuracy",
        2,
    )
    page = server.get("runs?experiment=churn&limit=2&offset=1")
    assert [row["run"] for row in page["rows"]] == ["churn/2", "churn/1"]
    assert page["total"] == 3
    changes = {
        change["name"]: (change["old"], change["new"]) for change in page["rows"][0]["changes"]
    }
    assert changes["depth"] == (3, 4)
    (metric,) = [one for one in page["rows"][0]["metrics"] if one["name"] == "accuracy"]
    assert metric["better"] is True


def test_a_series_is_sampled_and_keeps_its_ends(server: Lab) -> None:
    found = server.get("runs/churn/2/series?name=loss&points=100")
    assert found["points"] == 5000
    assert len(found["steps"]) <= 110
    assert (found["steps"][0], found["steps"][-1]) == (0, 4999)
    assert max(found["values"]) == 1.0


@pytest.mark.parametrize(
    ("route", "status", "code"),
    [
        ("runs?query=metrics.accuracy+%3E%3E+1", 400, "bad-query"),
        ("runs?sort=nonsense%20here", 400, None),
        ("runs?limit=many", 400, "bad-input"),
        ("runs/churn/99", 404, "no-such-run"),
        ("runs/..%2F..%2Fetc/1", 400, "bad-run-name"),
        ("diff?old=churn/1&new=nothing", 400, "bad-run-name"),
        ("compare", 400, "bad-input"),
        ("runs/churn/1/series?name=absent", 404, "not-found"),
        ("runs/churn/1/artifacts/blake2b:" + "0" * 32, 404, "no-such-run"),
    ],
)
def test_bad_input_is_a_sentence_with_the_right_status(
    server: Lab, route: str, status: int, code: str | None
) -> None:
    got, _, said = server.ask(route)
    error = json.loads(said)
    assert got == status
    assert code is None or error["code"] == code
    assert error["message"].strip()
    assert "Traceback" not in error["message"]


@pytest.mark.parametrize(
    "path", ["../secret.ipynb", "/../../etc/passwd", "..", "a/../../secret.ipynb"]
)
def test_a_path_that_leaves_the_servers_folder_is_refused(
    server: Lab, secret: Path, path: str
) -> None:
    status, _, said = server.ask(f"experiments?path={path}")
    assert status == 400
    assert json.loads(said)["code"] == "bad-input"
    (server.root / "way_out").exists() or (server.root / "way_out").symlink_to(secret.parent)
    assert server.ask("experiments?path=way_out/secret.ipynb")[0] == 400


def test_notes_tags_and_deletes_are_kept(server: Lab) -> None:
    status, _, _ = server.ask(
        "runs/churn/1", "PATCH", {"note": "<b>bold</b>", "tags": {"stage": "one"}}
    )
    row = server.get("runs/churn/1")["row"]
    assert (status, row["note"], row["tags"]) == (200, "<b>bold</b>", {"stage": "one"})
    server.ask("runs/churn/1", "PATCH", {"note": None, "tags": {"stage": None}})
    row = server.get("runs/churn/1")["row"]
    assert (row["note"], row["tags"]) == (None, {})
    for body in ([1], {"tags": [1]}, {"note": 3}):
        assert server.ask("runs/churn/1", "PATCH", body)[0] == 400
    assert server.ask("runs", "DELETE", {"runs": ["churn/99"]})[0] == 404
    assert server.ask("runs", "DELETE", {"runs": "churn/1"})[0] == 400


def test_an_answer_that_did_not_change_is_not_sent_twice(server: Lab) -> None:
    _, headers, _ = server.ask("runs/churn/2")
    request = urllib.request.Request(f"{server.url}mm/api/runs/churn/2")
    request.add_header("Authorization", f"token {TOKEN}")
    request.add_header("If-None-Match", headers["Etag"])
    with pytest.raises(urllib.error.HTTPError) as raised, urllib.request.urlopen(request):
        pass
    with raised.value:
        assert raised.value.code == 304


def test_a_change_of_the_store_is_heard_within_a_second(server: Lab) -> None:
    request = urllib.request.Request(f"{server.url}mm/api/events")
    request.add_header("Authorization", f"token {TOKEN}")
    heard: list[tuple[float, str]] = []

    def listen() -> None:
        with urllib.request.urlopen(request, timeout=20) as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    heard.append((time.monotonic(), json.loads(line[6:])["what"]))
                    if len(heard) == 2:
                        return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    while not heard:
        time.sleep(0.01)
    server.ask("runs/churn/2", "PATCH", {"note": "heard"})
    listener.join(10)
    assert [what for _, what in heard] == ["hello", "store"]


def test_a_replay_is_queued_executed_and_its_verdict_kept(server: Lab) -> None:
    status, _, said = server.ask("jobs", "POST", {"runs": ["churn/1", "churn/2"]})
    first, second = json.loads(said)
    assert status == 200
    stopped = json.loads(server.ask(f"jobs/{second['id']}", "DELETE")[2])
    assert [(one["id"], one["state"]) for one in stopped] == [(second["id"], "cancelled")]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        jobs = {job["id"]: job for job in server.get("jobs")["jobs"]}
        if jobs[first["id"]]["ended"]:
            break
        time.sleep(0.2)
    assert (jobs[first["id"]]["state"], jobs[first["id"]]["verdict"]) == ("done", "identical")
    assert jobs[second["id"]]["state"] == "cancelled"
    assert server.get("runs/churn/1/verdicts")[-1]["verdict"] == "identical"
    assert server.ask("jobs", "POST", {"runs": ["churn/99"]})[0] == 404


def test_a_run_is_explained_and_its_noise_measured_as_jobs(server: Lab) -> None:
    asked = [
        json.loads(server.ask("jobs", "POST", {"runs": ["churn/1"], "kind": kind})[2])[0]
        for kind in ("explain", "noise")
    ]
    assert [one["kind"] for one in asked] == ["explain", "noise"]
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        jobs = {job["id"]: job for job in server.get("jobs")["jobs"]}
        if all(jobs[one["id"]]["ended"] for one in asked):
            break
        time.sleep(0.2)
    explained, measured = (jobs[one["id"]] for one in asked)
    assert explained["state"] == "done", explained
    assert explained["said"]
    assert measured["state"] == "done", measured
    assert server.ask("jobs", "POST", {"runs": ["churn/1"], "kind": "launch"})[0] == 400


def test_a_folder_without_a_store_says_so(server: Lab, tmp_path: Path) -> None:
    (server.root / "elsewhere").mkdir(exist_ok=True)
    other = server.root / "elsewhere" / ".mm"
    assert server.ask("experiments?path=elsewhere")[0] == 200  # the store above it
    other.mkdir(exist_ok=True)
    (other / "store.db").write_bytes(b"no database at all, but long enough to look like one" * 100)
    status, _, said = server.ask("experiments?path=elsewhere")
    assert (status, json.loads(said)["code"]) == (500, "store-damaged")
    (other / "store.db").unlink()


@pytest.mark.parametrize(
    "path",
    ["a" * 300 + ".ipynb", "/".join(["deep"] * 1200) + "/b.ipynb"],
)
def test_a_path_that_no_disk_has_is_refused_in_a_sentence(server: Lab, path: str) -> None:
    status, _, said = server.ask(f"runs?path={path}")
    assert (status, json.loads(said)["code"]) == (400, "bad-input"), said
