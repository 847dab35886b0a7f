"""What of a run goes into a pack, and what never does."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import mm_jupyter as mm
from mm_jupyter.api import packing
from mm_jupyter.errors import BadInput, CannotRebuild, CannotReplay, NoSuchRun
from mm_jupyter.records import Pack
from mm_jupyter.replaying import environments
from mm_jupyter.workspace import find

Run = Callable[..., str]
CELL = (
    "%%track churn\nrows = [line.split(',') for line in open('patients.csv')][1:]\n"
    "mean = sum(float(row[1]) for row in rows) / len(rows)\nprint('mean', mean)"
)
PATIENTS = "name,age\nAda Lovelace,36\nAlan Turing,41\n"


@pytest.fixture(autouse=True)
def _no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "lock", lambda *_, **__: "lock-version = '1.0'\n")


@pytest.fixture
def run(session: Run) -> Run:
    Path("patients.csv").write_text(PATIENTS)
    return session


def whole(path: Path | str) -> bytes:
    """Every byte of every member, unpacked, and the file itself."""
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(name) for name in archive.namelist()]
    return b"\n".join([Path(path).read_bytes(), *parts])


def left_out(pack: Pack) -> dict[str, str]:
    return {one.name: one.why for one in pack.manifest.left_out}


def test_a_pack_holds_the_record_the_inputs_and_pages_for_people(run: Run) -> None:
    run("unused = 1", CELL)
    pack = mm.pack("churn/1")
    assert pack.path == "churn-1.mm.zip"
    assert mm.verify_pack(pack.path) == pack
    names = {one.name for one in pack.manifest.members}
    assert names >= {"pylock.toml", "recipe.ipynb", "report.html", "requirements.txt"}
    (use,) = pack.record.inputs()
    assert (use.path, use.content is not None) == ("patients.csv", True)
    assert PATIENTS.encode() in whole(pack.path)
    with zipfile.ZipFile(pack.path) as archive:
        assert "mean 38.5" in archive.read("report.html").decode()
        assert json.loads(archive.read("recipe.ipynb"))["nbformat"] == 4


def test_the_same_run_packed_twice_gives_the_same_bytes(run: Run) -> None:
    run(CELL)
    assert mm.pack("churn/1", "a.mm.zip").seal == mm.pack("churn/1", "b.mm.zip").seal
    assert Path("a.mm.zip").read_bytes() == Path("b.mm.zip").read_bytes()


def test_a_file_that_is_there_stays_unless_it_is_said(run: Run) -> None:
    run(CELL)
    Path("a.mm.zip").write_text("mine")
    with pytest.raises(BadInput, match="is there already: --force replaces it"):
        mm.pack("churn/1", "a.mm.zip")
    assert Path("a.mm.zip").read_text() == "mine"
    mm.pack("churn/1", "a.mm.zip", force=True)
    assert mm.verify_pack("a.mm.zip").manifest.run == "churn/1"


def test_a_private_file_is_nowhere_in_the_pack(run: Run) -> None:
    run(
        "import pandas as pd",
        CELL.replace("%%track churn\n", "%%track churn\ntable = pd.read_csv('patients.csv')\n"),
    )
    assert b"Lovelace" in whole(mm.pack("churn/1", "open.mm.zip").path)
    pack = mm.pack("churn/1", private=["pat*.csv"])
    assert b"Lovelace" not in whole(pack.path)
    (use,) = pack.record.inputs()
    assert use.content is None
    assert use.digest is not None
    assert left_out(pack)["patients.csv"] == "private, by the pattern 'pat*.csv'"
    assert "compared by digest" in left_out(pack)["comparable forms"]
    assert not any(value.form for value in pack.record.run.values)


def test_a_copy_of_a_private_file_is_no_way_out(run: Run) -> None:
    run(
        "import mm_jupyter as mm",
        CELL + "\nmm.log_artifact(open('patients.csv', 'rb').read(), 'copy.csv')",
    )
    pack = mm.pack("churn/1", private=["patients.csv"])
    assert b"Lovelace" not in whole(pack.path)
    assert left_out(pack)["copy.csv"] == "private: it is the same as a private file"


def test_a_private_pattern_that_fits_nothing_is_no_silent_typo(run: Run) -> None:
    run(CELL)
    with pytest.raises(BadInput, match=r"--private 'patient\.csv' fits no file of churn/1"):
        mm.pack("churn/1", private=["patient.csv"])
    assert not Path("churn-1.mm.zip").exists()


def test_large_files_stay_out_by_size(run: Run) -> None:
    run(CELL)
    pack = mm.pack("churn/1", max_input="20B")
    assert left_out(pack)["patients.csv"] == "larger than 20B"
    assert PATIENTS.encode() not in whole(pack.path)
    assert mm.pack("churn/1", max_input=len(PATIENTS), force=True).record.inputs()[0].content
    with pytest.raises(BadInput, match="--max-input takes a size"):
        mm.pack("churn/1", max_input="much")


def test_what_was_too_large_for_the_store_comes_from_the_disk_while_it_is_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MM_KEEP_BYTES", "10")
    run(CELL)
    pack = mm.pack("churn/1")
    assert pack.record.inputs()[0].content is not None
    assert PATIENTS.encode() in whole(pack.path)
    Path("patients.csv").write_text(PATIENTS.replace("36", "37"))
    pack = mm.pack("churn/1", force=True)
    assert left_out(pack)["patients.csv"] == "not kept when it was recorded"
    assert b"Lovelace,3" not in whole(pack.path)


def test_no_key_no_credential_and_no_secret_goes_in(run: Run) -> None:
    secret = "hunter2-Xy77"
    Path(".env").write_text("KEY=value-of-the-file")
    run(
        f"password = '{secret}'\nenv = len(open('.env').read())",
        CELL + "\nprint(len(password), env)",
    )
    space = find(Path.cwd())
    assert space is not None
    data = whole(mm.pack("churn/1").path)
    assert b"<redacted:password:" in data
    for bad in (secret.encode(), b"value-of-the-file", space.key, space.key.hex().encode()):
        assert bad not in data
    space.store.close()


def test_a_recipe_that_was_verified_is_all_of_the_session_that_goes_in(run: Run) -> None:
    run("secret_idea = 'not for others'", CELL)
    assert b"not for others" in whole(mm.pack("churn/1", "all.mm.zip").path)
    mm.replay("churn/1")
    pack = mm.pack("churn/1")
    assert b"not for others" not in whole(pack.path)
    assert [one.seq for one in pack.record.executions] == [2]
    assert (pack.manifest.executions, pack.manifest.of) == (1, 2)
    assert [one.verdict for one in pack.verdicts] == ["identical"]


def test_the_folder_is_named_only_where_something_packed_names_it(run: Run) -> None:
    run(CELL, CELL + "\nimport os\nprint(os.getcwd())")
    pack = mm.pack("churn/1")
    assert pack.record.root == "/project"
    assert str(Path.cwd()).encode() not in whole(pack.path)
    assert mm.pack("churn/2").record.root == str(Path.cwd())


def test_no_pickle_goes_in(run: Run) -> None:
    run(
        "from sklearn.linear_model import LinearRegression",
        CELL + "\nmodel = LinearRegression().fit([[0], [1]], [0, 1])",
    )
    pack = mm.pack("churn/1")
    assert "no pickles" in left_out(pack)["model"]
    assert b"sklearn.linear_model._base" not in whole(pack.path).replace(
        b"sklearn.linear_model._base.LinearRegression", b""
    )
    assert [model.content for model in pack.record.run.models] == [None]
    assert pack.record.run.models[0].state is not None


def test_noise_rules_of_the_project_go_in(run: Run) -> None:
    Path("pyproject.toml").write_text('[tool.mm_jupyter.noise]\nids = "id-[0-9]+"\n')
    run(CELL)
    pack = mm.pack("churn/1")
    assert [(one.name, one.pattern) for one in pack.rules] == [("ids", "id-[0-9]+")]


def test_an_environment_that_cannot_be_locked_is_said_and_the_rest_is_packed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> str:
        raise CannotRebuild("no network answers")

    monkeypatch.setattr(environments, "lock", gone)
    run(CELL)
    pack = mm.pack("churn/1")
    assert left_out(pack)["pylock.toml"] == "no network answers"
    assert "requirements.txt" in {one.name for one in pack.manifest.members}


def test_what_cannot_be_packed_gets_a_sentence(run: Run) -> None:
    run(CELL)
    with pytest.raises(NoSuchRun):
        mm.pack("churn/9")
    with pytest.raises(BadInput, match=r"ends in \.mm\.zip"):
        mm.pack("churn/1", "churn.tar")
    with pytest.raises(BadInput, match="cannot be written"):
        mm.pack("churn/1", "none/churn.mm.zip")


def test_a_run_that_has_not_ended_has_nothing_to_pack(hand, space) -> None:
    hand.run(status="running")
    with pytest.raises(CannotReplay, match="it is running and has no result"):
        packing.pack("churn/1", workspace=space)


def test_a_given_input_must_be_the_recorded_one(run: Run, tmp_path: Path) -> None:
    run(CELL)
    mm.pack("churn/1", private=["*.csv"])
    other = tmp_path / "other.csv"
    other.write_text(PATIENTS.replace("36", "37"))
    with pytest.raises(BadInput, match=r"is not the recorded patients\.csv: its digest is blake2b"):
        mm.replay_pack("churn-1.mm.zip", environment="current", inputs={"patients.csv": other})
    with pytest.raises(BadInput, match=r"has no input x\.csv; it has patients\.csv"):
        mm.replay_pack("churn-1.mm.zip", environment="current", inputs={"x.csv": other})
    with pytest.raises(BadInput, match="cannot be read"):
        mm.replay_pack("churn-1.mm.zip", environment="current", inputs={"patients.csv": "none"})
