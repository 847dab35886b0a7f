"""Papermill re-executes a run in a fresh kernel and says whether it reproduces, and why."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from mm_jupyter.api import care, recipes, replays, runs
from mm_jupyter.errors import BadInput, NoSuchRun, StoreDamaged
from mm_jupyter.records import Judgement


def replay(name: str, **options: object) -> Judgement:
    (judgement,) = replays.replay([name], **options)
    return judgement


def verdicts(judgement: Judgement) -> dict[str, str]:
    return {f"{item.kind} {item.name}".strip(): item.verdict for item in judgement.items}


def test_a_run_replays_identically_and_the_verdict_is_kept(kernel) -> None:
    kernel.ok(
        "from sklearn.datasets import load_breast_cancer\nX, y = load_breast_cancer(return_X_y=True)"
    )
    kernel.ok("unrelated = sum(range(1000))")
    kernel.ok(
        "%%track churn\nfrom sklearn.tree import DecisionTreeClassifier\n"
        "model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)\n"
        "accuracy = model.score(X, y)\naccuracy"
    )
    judgement = replay("churn/1")
    assert judgement.verdict == "identical", judgement
    assert judgement.slice == "optimistic"
    assert judgement.executions == 2
    assert judgement.replays == 1
    kinds = {item.kind for item in judgement.items}
    assert {"param", "metric", "value", "model", "output"} <= kinds
    assert runs.get("churn/1").row.verdict == "identical"
    assert recipes.recipe("churn/1").verified


def test_an_unseeded_run_replays_identically_because_its_random_state_is_restored(kernel) -> None:
    kernel.ok("import random\nimport numpy as np\nfor _ in range(7): np.random.rand()")
    kernel.ok(
        "%%track noise\na = np.random.rand()\nb = random.random()\nc = np.random.normal(size=1000).sum()"
    )
    judgement = replay("noise/1")
    assert judgement.verdict == "identical", judgement
    restored = {(one.kind, one.name) for one in judgement.restored}
    assert ("random state", "numpy.random") in restored
    assert ("random state", "random") in restored


def test_without_help_the_same_run_is_unstable(kernel) -> None:
    kernel.ok("import numpy as np")
    kernel.ok("%%track noise\na = float(np.random.rand())")
    judgement = replay("noise/1", restore=False)
    assert judgement.verdict == "unstable", judgement
    assert judgement.replays >= 2
    assert judgement.restored == ()


def test_what_depends_on_the_clock_is_named_and_the_rest_compared(kernel) -> None:
    kernel.ok(
        "%%track clock\nimport time\nnow = time.time()\nfixed = sum([1, 2])\nprint('at', now)\nprint('sum', fixed)"
    )
    judgement = replay("clock/1")
    assert judgement.verdict == "identical", judgement
    assert verdicts(judgement)["metric fixed"] == "identical"
    left_out = {(one.kind, one.name): one.why for one in judgement.not_compared}
    assert left_out["metric", "now"] == "it read the clock (time.time)"
    assert ("output", "stdout") in left_out


def test_with_the_clock_of_the_record_it_is_compared_too(kernel) -> None:
    kernel.ok("from datetime import date, datetime\nimport time")
    kernel.ok(
        "%%track frozen\nyear = datetime.now().year + 0.5\nday = str(date.today())\nhour = time.strftime('%H')"
    )
    (judgement,) = replays.replay(["frozen/1"], freeze_time=True)
    assert judgement.verdict == "identical", judgement
    assert judgement.not_compared == ()
    assert ("clock", "as recorded") in {(one.kind, one.name) for one in judgement.restored}


def test_where_only_the_clock_decides_nothing_can_be_verified(kernel) -> None:
    kernel.ok("%%track onlyclock\nimport time\nnow = time.time()")
    judgement = replay("onlyclock/1")
    assert judgement.verdict == "unverifiable"
    assert "it read the clock" in judgement.said


def test_what_changes_by_itself_and_asks_nobody_is_unstable(kernel) -> None:
    kernel.ok("%%track address\nn = id(object()) % 1_000_003 + id([]) % 7919 * 0.5")
    judgement = replay("address/1")
    assert judgement.verdict == "unstable"
    assert verdicts(judgement)["metric n"] == "unstable"


def test_a_changed_input_is_restored_from_the_record(kernel, project: Path) -> None:
    (project / "data.csv").write_text("1\n2\n3\n")
    kernel.ok("%%track io\ntotal = sum(int(line) for line in open('data.csv'))")
    (project / "data.csv").write_text("1\n2\n4\n")
    judgement = replay("io/1")
    assert judgement.verdict == "identical"
    assert ("input", "data.csv") in {(one.kind, one.name) for one in judgement.restored}
    assert replay("io/1", restore=False).verdict == "diverged"


@pytest.mark.parametrize(
    ("before", "cell"),
    [
        ("results = []", "results.append(read())"),
        ("d = {}", "d['x'] = read()"),
        ("import numpy as np\na = np.zeros(3)", "a[0] = read()"),
        ("class Box: pass\nbox = Box()", "box.value = read()"),
        ("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})", "df['n'] = read()"),
        ("def fill(target, value): target.append(value)\nresults = []", "fill(results, read())"),
        ("o = {'a': [0]}", "x = o['a']; x[0] = read(); del x"),
        ("state = [0]\ndef mut(): state[0] = read()", "mut()"),
        ("class C:\n    seen = []\n    def go(self): C.seen.append(read())", "C().go()"),
        (
            "def counter():\n    n = []\n    return lambda: n.append(read())\nadd = counter()",
            "add()",
        ),
        ("rows = [{}, {}]", "for r in rows: r['x'] = read()"),
        ("def keep(v, seen=[]): seen.append(v)", "keep(read())"),
    ],
)
def test_an_object_changed_in_place_is_a_result_too(
    kernel, project: Path, before: str, cell: str
) -> None:
    (project / "n.txt").write_text("3")
    kernel.ok("def read(): return int(open('n.txt').read())\n" + before)
    kernel.ok(f"%%track inplace\n{cell}\nfixed = sum([1])", timeout=120)
    assert replay("inplace/1").verdict == "identical"
    (project / "n.txt").write_text("4")
    assert replay("inplace/1", restore=False).verdict == "diverged"


def test_edited_deleted_and_out_of_order_cells_replay_from_what_really_ran(kernel) -> None:
    kernel.ok("base = 10")
    kernel.ok("def scale(v): return v * base")
    kernel.ok("data = [1, 2, 3]")
    kernel.ok("data = [5, 6]")  # the cell was edited and run again
    kernel.ok("total = 0")
    kernel.ok("total += sum(data)")
    kernel.ok("total += sum(data)")  # and one ran twice
    kernel.ok("base = 2")  # out of order: after the function
    kernel.ok("%%track sums\nresult = scale(total)")
    kernel.ok("base = 99")
    assert runs.get("sums/1").row.metrics == {"result": 44.0}
    judgement = replay("sums/1")
    assert judgement.verdict == "identical", judgement
    assert judgement.executions == 7  # neither the first data nor the first base


def test_a_failed_run_must_fail_in_the_same_way(kernel, project: Path) -> None:
    (project / "n.txt").write_text("3")
    kernel.ok("n = int(open('n.txt').read())")
    kernel.run("%%track broken\nprint('so far')\nraise ValueError(f'bad {n}')")
    assert replay("broken/1").verdict == "identical"
    (project / "n.txt").write_text("4")
    changed = replay("broken/1", restore=False)
    assert changed.verdict == "diverged", changed


def test_a_run_whose_replay_raises_is_failed(kernel, project: Path) -> None:
    (project / "n.txt").write_text("3")
    kernel.ok("%%track broken\nn = 1 / int(open('n.txt').read())")
    (project / "n.txt").write_text("0")
    judgement = replay("broken/1", restore=False)
    assert judgement.verdict == "failed"
    assert "ZeroDivisionError" in judgement.said or any(
        "ZeroDivision" in str(item) for item in judgement.items
    )


def test_a_local_module_replays_with_its_recorded_source(kernel, project: Path) -> None:
    (project / "features.py").write_text("def area(a, b):\n    return a * b\n")
    kernel.ok("from features import area")
    kernel.ok("%%track local\nsize = area(3, 4)")
    (project / "features.py").write_text("def area(a, b):\n    return a + b\n")
    judgement = replay("local/1")
    assert judgement.verdict == "identical", judgement
    assert ("module", "features") in {(one.kind, one.name) for one in judgement.restored}


def test_figures_tables_and_html_reproduce(kernel) -> None:
    kernel.ok("%matplotlib inline\nimport matplotlib.pyplot as plt\nimport pandas as pd")
    kernel.ok(
        "%%track show\nframe = pd.DataFrame({'a': [1.5, 2.5], 'b': ['x', 'y']})\n"
        "fig, ax = plt.subplots()\nax.plot([1, 3, 2])\nplt.show()\nframe",
        timeout=120,
    )
    judgement = replay("show/1")
    assert judgement.verdict == "identical", judgement
    assert any(item.kind in ("figure", "output") for item in judgement.items)


def test_the_recipe_runs_in_plain_jupyter_to_the_same_result(kernel, project: Path) -> None:
    kernel.ok("import numpy as np\nnp.random.rand(5)")
    kernel.ok("%%track noise\nvalue = float(np.random.rand())")
    recipe = recipes.write_recipe("noise/1", project / "recipe.ipynb")
    assert recipe.verified is False
    notebook = nbformat.read(project / "recipe.ipynb", as_version=4)
    notebook.cells.append(
        nbformat.v4.new_code_cell("import sys; print(repr(value), 'mm_jupyter' in sys.modules)")
    )
    NotebookClient(notebook, kernel_name="python3").execute()
    shown = notebook.cells[-1].outputs[0].text
    assert shown.strip() == f"{runs.get('noise/1').row.metrics['value']!r} False"
    assert any("parameters" in cell.metadata.get("tags", ()) for cell in notebook.cells)


def test_a_block_in_a_cell_replays(kernel) -> None:
    kernel.ok(
        "import mm_jupyter as mm\n"
        "for depth in (1, 2):\n"
        "    with mm.track('loop') as run:\n"
        "        run.log_params({'depth': depth})\n"
        "        run.log_metrics({'score': depth * 1.5})\n"
        "        for step in range(3): run.log(loss=1.0 / (step + depth), step=step)\n"
    )
    assert runs.get("loop/2").row.metrics == {"score": 3.0, "loss": 0.25}
    judgement = replay("loop/2")
    assert judgement.verdict == "identical", judgement
    assert verdicts(judgement)["series loss"] == "identical"


# A replay repeats a result, not its side effects


def test_a_write_outside_is_refused_and_named(kernel, project: Path, tmp_path: Path) -> None:
    victim = tmp_path / "precious.txt"
    victim.write_text("keep me")
    kernel.ok(
        f"%%track rm\nimport os\nif os.path.exists({str(victim)!r}): os.remove({str(victim)!r})\nx = sum([1])"
    )
    victim.write_text("written again")
    judgement = replay("rm/1")
    assert victim.read_text() == "written again"
    assert judgement.verdict == "failed"
    assert any("precious.txt" in note.name for note in judgement.not_compared), judgement


@pytest.fixture
def server() -> Iterator[list[str]]:
    """A server on this machine; the list fills with the requests that reach it, its first entry is the address."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        seen.append(f"http://127.0.0.1:{made.server_address[1]}")
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield seen
        made.shutdown()
        thread.join()


def test_a_post_is_refused_unless_allowed(kernel, server: list[str]) -> None:
    kernel.ok(
        "%%track post\nimport urllib.request\n"
        f"status = urllib.request.urlopen(urllib.request.Request('{server[0]}/once', data=b'x')).status + 0\n"
    )
    assert server[1:] == ["/once"]
    judgement = replay("post/1")
    assert server[1:] == ["/once"]
    assert judgement.verdict == "unverifiable", judgement
    assert any(note.kind == "network" for note in judgement.not_compared)
    assert replay("post/1", allow=["network"]).verdict == "identical"
    assert server[1:] == ["/once", "/once"]


def test_a_replay_that_never_ends_is_stopped(kernel, project: Path) -> None:
    (project / "flag").write_text("go")
    kernel.ok("%%track hang\nwhile open('flag').read() != 'go': pass\nx = sum([1])")
    (project / "flag").write_text("hang")
    judgement = replay("hang/1", restore=False, timeout=3)
    assert judgement.verdict == "failed"
    assert "3 s" in judgement.said


def test_a_replay_that_kills_its_kernel_is_said(kernel, project: Path) -> None:
    (project / "flag").write_text("live")
    kernel.ok(
        "%%track die\nimport os\nif open('flag').read() == 'die': os.kill(os.getpid(), 9)\nx = sum([1])"
    )
    (project / "flag").write_text("die")
    judgement = replay("die/1", restore=False)
    assert judgement.verdict == "failed"
    assert "kernel" in judgement.said.lower()


def test_an_input_that_is_gone_and_was_not_kept_is_unverifiable_by_name(
    kernel, project: Path
) -> None:
    big = project / "big.bin"
    big.write_bytes(b"x" * (17 * 1024 * 1024))
    kernel.ok("%%track big\nsize = len(open('big.bin', 'rb').read())")
    assert replay("big/1").verdict == "identical"
    big.unlink()
    judgement = replay("big/1")
    assert judgement.verdict == "unverifiable"
    assert "big.bin" in judgement.said


def test_a_secret_is_taken_from_the_environment_or_the_run_is_unverifiable(
    kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    kernel.ok(f"%%track secret\ntoken = '{secret}'\nlength = len(token) + 0")
    assert replay("secret/1").verdict == "unverifiable"
    monkeypatch.setenv("MY_TOKEN", secret)
    judgement = replay("secret/1")
    assert judgement.verdict == "identical", judgement
    assert secret not in str(judgement)


def test_an_unknown_run_offers_the_nearest(kernel) -> None:
    kernel.ok("%%track churn\nx = 1")
    with pytest.raises(NoSuchRun, match="churn/1"):
        replay("chrun/1")


def test_a_damaged_blob_is_one_sentence(
    kernel, kernels: Callable[..., object], project: Path
) -> None:
    (project / "data.bin").write_bytes(bytes(range(256)) * 1000)
    kernel.ok("%%track io\nsize = len(open('data.bin', 'rb').read())")
    (project / "data.bin").unlink()
    packs = list((project / ".mm" / "packs").rglob("*"))
    for pack in packs:
        if pack.is_file():
            data = bytearray(pack.read_bytes())
            data[len(data) // 2] ^= 0xFF
            pack.chmod(0o600)
            pack.write_bytes(data)
    assert care.fsck()
    with pytest.raises(StoreDamaged):
        replay("io/1")


def test_a_child_process_finds_the_projects_files_and_the_verdict_says_so(
    kernel, project: Path
) -> None:
    (project / "seed.txt").write_text("7")
    kernel.ok("import subprocess\nseed = int(subprocess.check_output(['cat', 'seed.txt']))")
    kernel.ok("%%track child\nx = seed + 1")
    judgement = replay("child/1")
    assert judgement.verdict == "identical", judgement
    assert any(note.name == "children" for note in judgement.not_compared)


def test_a_needed_cell_that_logged_into_its_own_run_replays(kernel) -> None:
    kernel.ok("import mm_jupyter as mm")
    kernel.ok("%%track one\nloss = sum([0.5])\nmm.log(loss=loss)")
    kernel.ok("%%track two\nhalf = loss / 2")
    judgement = replay("two/1")
    assert judgement.verdict == "identical", judgement
    assert judgement.executions == 3


def test_a_parameter_that_the_run_does_not_use_is_not_compared(kernel) -> None:
    kernel.ok("x = 1\nspare = 2")
    kernel.ok("# Parameters\nx = 3\nspare = 4\n")
    kernel.ok("%%track given\ny = 10 + abs(-5)")
    assert runs.get("given/1").row.param("spare") == 4
    judgement = replay("given/1")
    assert judgement.verdict == "identical", judgement
    assert {note.name for note in judgement.not_compared} == {"x", "spare"}


def test_what_a_child_process_writes_is_named_as_not_compared(kernel) -> None:
    kernel.ok(
        "%%track child\nimport subprocess\n"
        "subprocess.run('date +%N > stamp', shell=True, check=True)\nfixed = sum([1])"
    )
    notes = [note for note in replay("child/1").not_compared if note.kind == "process"]
    assert [note.name for note in notes] == ["children"]
    assert "wrote was not recorded" in notes[0].why


def test_an_object_changed_by_its_own_method_is_a_result_too(kernel, project: Path) -> None:
    (project / "n.txt").write_text("3")
    kernel.ok(
        "class Counter:\n    def go(self): self.n = int(open('n.txt').read())\ncounter = Counter()"
    )
    kernel.ok("%%track own\ncounter.go()\nfixed = sum([1])")
    assert replay("own/1").verdict == "identical"
    (project / "n.txt").write_text("4")
    assert replay("own/1", restore=False).verdict == "diverged"


def test_seeds_from_the_system_and_generators_inside_objects_are_given_again(kernel) -> None:
    kernel.ok(
        "import random, uuid\nimport numpy as np\n"
        "class Sampler:\n"
        "    def __init__(self):\n"
        "        self.rng = np.random.default_rng()\n"
        "        self.others = {'old': np.random.RandomState(), 'own': random.Random()}\n"
        "    def draw(self):\n"
        "        return float(self.rng.random() + self.others['old'].rand() + self.others['own'].random())\n"
        "sampler = Sampler()"
    )
    kernel.ok("warm = [sampler.draw() for _ in range(3)]")
    kernel.ok("np.random.seed(); random.seed()")
    kernel.ok(
        "%%track seeds\nname = str(uuid.uuid4())\na = sampler.draw()\nb = np.random.default_rng().random()\n"
        "c = np.random.rand() + random.random()\nprint(name, a, b, c)"
    )
    judgement = replay("seeds/1")
    assert judgement.verdict == "identical", judgement
    assert judgement.executions == 2
    restored = {(one.kind, one.name) for one in judgement.restored}
    assert ("random state", "sampler.others['old']") in restored
    assert ("seed", "numpy") in restored
    assert ("seed", "uuid") in restored


def test_who_asks_for_secret_randomness_is_named_and_the_rest_compared(kernel) -> None:
    kernel.ok("%%track secret\nimport secrets\ntoken = secrets.token_hex(8)\nn = len('12') + 0.5")
    judgement = replay("secret/1")
    assert judgement.verdict == "identical", judgement
    left_out = {(one.kind, one.name): one.why for one in judgement.not_compared}
    assert left_out["value", "token"] == "it drew secret random bytes (secrets.token_hex)"


def test_a_users_rule_is_named_and_makes_the_run_equivalent_at_best(kernel, project: Path) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.mm_jupyter.noise]\njob_number = 'job [0-9]+'\nslow = '(a+)+$'\n"
    )
    kernel.ok("%%track ruled\nx = 1.5\nprint('a' * 40 + 'b')\nprint('job', id(object()))")
    judgement = replay("ruled/1")
    assert judgement.verdict == "equivalent", judgement
    assert "job_number" in judgement.said
    assert "job_number" in {item.rule for item in judgement.items}
    (project / "pyproject.toml").write_text("[tool.mm_jupyter.noise]\nbad = '('\n")
    with pytest.raises(BadInput, match="'bad' is no regular expression"):
        replay("ruled/1")


def test_a_rule_may_stand_in_the_metadata_of_the_cell(kernel, project: Path) -> None:
    from mm_jupyter.api.notebooks import run_notebook

    cell = nbformat.v4.new_code_cell("%%track noted\nx = 1.5\nprint('job', id(object()))")
    cell.metadata["mm_jupyter"] = {"noise": {"job_number": "job [0-9]+"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), project / "noted.ipynb")
    run_notebook(project / "noted.ipynb")
    (row,) = (row for row in runs.find("experiment == 'noted'") if row.kind == "cell")
    judgement = replay(str(row.ref))
    assert judgement.verdict == "equivalent", judgement
    assert "job_number" in judgement.said


def test_the_order_of_a_set_is_found_to_be_the_cause(kernels, monkeypatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    kernel = kernels()
    kernel.ok("%load_ext mm_jupyter")
    kernel.ok("%%track order\nnames = {f'name {i}' for i in range(40)}\nfirst = ', '.join(names)")
    judgement = replay("order/1")
    assert judgement.verdict == "unstable", judgement
    assert ("hash seed", True) in {(one.factor, one.confirmed) for one in judgement.causes}


def test_with_a_seed_the_order_of_a_set_replays(kernels) -> None:
    kernel = kernels(env={"PYTHONHASHSEED": "11"})
    kernel.ok("%load_ext mm_jupyter")
    kernel.ok("%%track order\nnames = {f'name {i}' for i in range(40)}\nfirst = ', '.join(names)")
    assert replay("order/1").verdict == "identical"
