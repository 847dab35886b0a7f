"""What calls usually do, by their names: the knowledge that the source of a library would give."""

from __future__ import annotations

import re

PUT = frozenset(
    "append appendleft extend extendleft insert add update setdefault setattr register put push load_state_dict".split()
)
"""Methods that put their arguments into their receiver."""

SHALLOW = PUT | frozenset("pop popitem popleft remove discard clear sort reverse rotate".split())
"""Methods that change their receiver alone, and nothing that it holds."""

CHANGE = frozenset(
    """
    fit fit_transform fit_predict fit_resample partial_fit
    train train_step learn step backward zero_grad compile build fill itemset resize setflags put partition byteswap
    symmetric_difference_update intersection_update difference_update subtract write writelines read readline
    readlines seek truncate send throw close execute executemany executescript commit rollback fetchone fetchall
    fetchmany get_nowait put_nowait set_params seed set_state setstate move_to_end acquire
    release next __next__ __setitem__ __delitem__ __setattr__ __iadd__ advance jumped shuffle
    """.split()
)
"""Methods that change their receiver, whatever becomes of what they return."""

KEEP = frozenset(
    """
    head tail describe info sample show copy mean sum std var median min max count nunique unique value_counts
    groupby agg corr quantile predict predict_proba predict_log_proba decision_function score transform
    inverse_transform summary format join split keys values items to_csv to_parquet to_excel to_json to_html to_string
    to_latex to_pickle to_feather to_sql to_numpy tolist savefig dump dumps save save_model exists
    is_file is_dir iterdir glob mkdir touch write_text write_bytes read_text read_bytes unlink display
    print item isna isnull notna sort_values sort_index reset_index set_index rename merge query assign pivot
    pivot_table drop dropna drop_duplicates fillna replace astype apply map applymap nlargest nsmallest round
    shape dtypes memory_usage iterrows itertuples evaluate index startswith endswith encode decode
    """.split()
)
"""Methods that leave their receiver alone even where a statement throws their value away."""

LEFT_ALONE = KEEP | SHALLOW
"""Methods that do not change what their receiver holds, though a statement throws their value away."""

ARGUMENTS = frozenset(
    """
    shuffle heappush heappop heapify heapreplace heappushpop insort insort_left insort_right copyto fill_diagonal
    putmask place put put_along_axis next anext setattr delattr reload clip_grad_norm_ clip_grad_value_
    update_wrapper vector_to_parameters set_trainable __setitem__ setitem delitem iadd
    """.split()
)
"""Functions that change their first argument; so do those of torch whose name ends in ``_``."""

DRAW = frozenset(
    "plot hist boxplot bar barh scatter imshow pie pcolormesh contour contourf".split()
)
"""Methods that draw: on axes they change them, on data they do not."""
_AXES = re.compile(r"(ax|axes|axs|axis|fig|figure|canvas)\d*|\w+_(ax|axes|axs|fig)\d*")


def draws_on_itself(name: str) -> bool:
    """A receiver of this name is, by custom, axes or a figure."""
    return _AXES.fullmatch(name) is not None


VIEWS = frozenset(
    """
    reshape ravel view transpose swapaxes squeeze diagonal expand_dims broadcast_to asarray asanyarray
    ascontiguousarray atleast_1d atleast_2d memoryview frombuffer items keys values get_group
    parameters named_parameters modules named_modules children detach numpy from_numpy gca gcf add_subplot subplots
    add_axes twinx twiny subplot_mosaic make_subplots cursor getvalue getbuffer unsqueeze expand narrow permute
    get_submodule named_steps as_tensor cpu to float cuda groupby rolling
    """.split()
)
"""Calls whose result may share memory, or state, with what they were given."""

PARTS = frozenset(
    "pop popitem popleft get setdefault next max min choice getattr get_nowait first last".split()
)
"""Calls whose result is an element of what they were given."""

LAZY = frozenset(
    "iter map filter zip enumerate reversed open reader chain islice cycle count tee iterrows itertuples".split()
)
"""Calls whose result is used up by reading it."""

COPIES = frozenset(
    "tuple list set dict frozenset sorted deque OrderedDict copy union concat".split()
)
"""Calls whose result holds the elements of what they were given."""

HOLD = frozenset("partial defaultdict proxy wraps compile jit njit vmap".split())
"""Functions in small letters whose result holds what they were given; a name with a capital is taken for a class."""

COPY = frozenset(
    "DataFrame Series Index Counter Path Fraction Decimal MultiIndex Categorical Timestamp Timedelta Generator".split()
)
"""Classes whose instances copy what they are given."""

VIEW_ATTRIBUTES = frozenset("T flat real imag values array data H mT loc iloc at iat".split())

TEXTS = frozenset(
    "query eval sql execute exec sqldf run_query read_sql read_sql_query from_query".split()
)
"""Calls that evaluate a text, which may hold names."""

SCOPED = frozenset(
    "catch_warnings option_context rc_context context errstate printoptions config_context chdir".split()
)
"""Context managers that put back what is set inside them."""

_SILENT = frozenset(
    "print display show help append extend insert sort reverse clear update add remove".split()
)
_SETTER = re.compile(
    r"_?(set|use|enable|disable|register|config|configure|basicConfig|install|init|reset|patch|filterwarnings|"
    r"simplefilter|seterr|rc|monkey|load_dotenv|add_(?!subplot|axes))"
)
_MODULES = {
    "np": "numpy",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "mpl": "matplotlib",
    "sns": "seaborn",
    "pl": "polars",
    "tf": "tensorflow",
}
_WATCHED = frozenset("numpy pandas matplotlib seaborn".split())
"""Libraries whose options a kernel sees being set (``kernel/surroundings.py``)."""
_OPTIONS = _WATCHED | frozenset("polars sklearn torch tensorflow jax plotly altair".split())
_ENVIRON = frozenset("environ putenv unsetenv environb load_dotenv".split())


def shows(name: str) -> bool:
    """A call of ``name`` gives a value that IPython keeps (``print`` and ``append`` give None)."""
    return name not in _SILENT


def barrier_of_call(path: str) -> str | None:
    """The kind of barrier that a call is, by its dotted path (``os.chdir``), or None.

    ``options`` are of libraries whose setters are watched when a cell runs, ``settings`` of others.
    """
    root, _, rest = path.partition(".")
    last = path.rpartition(".")[2]
    full = f"{_MODULES.get(root, root)}.{rest}" if rest else root
    if full in ("os.chdir", "os.fchdir", "chdir"):
        return "cwd"
    if full.startswith(("os.environ.", "environ.")):
        return None if last in ("get", "items", "keys", "values", "copy") else "environ"
    if last in ("putenv", "unsetenv", "load_dotenv"):
        return "environ"
    if full.startswith("sys.path."):
        return None if last in ("copy", "index", "count") else "sys.path"
    if full.startswith("warnings.") or full in ("filterwarnings", "simplefilter"):
        return "warnings" if last in ("filterwarnings", "simplefilter", "resetwarnings") else None
    if full in ("os.system", "os.popen") or full.startswith("subprocess."):
        return "shell"
    if full in ("exec", "builtins.exec"):
        return "exec"
    if last in ("set_seed", "seed") or "seed" in last:
        return None
    known = full.partition(".")[0] in _OPTIONS
    if known and rest and (_SETTER.match(last) or ".rcParams." in full or ".style.use" in full):
        return _options_of(full)
    return None


def _options_of(path: str) -> str:
    return "options" if path.partition(".")[0] in _WATCHED else "settings"


def barrier_of_statement(path: str) -> str | None:
    """The kind of barrier that ``path(...)`` is as a statement of its own, ``path`` being inside a module."""
    last = path.rpartition(".")[2]
    return "setup" if _SETTER.match(last) and "seed" not in last else None


def barrier_of_store(path: str) -> str | None:
    """The kind of barrier that a store into ``path`` is (``os.environ``, ``pd.options.display``), or None."""
    root, _, rest = path.partition(".")
    full = f"{_MODULES.get(root, root)}.{rest}" if rest else root
    if full.startswith("os.environ") or full == "environ":
        return "environ"
    if full.startswith("sys.path"):
        return "sys.path"
    if full.startswith("warnings."):
        return "warnings"
    if full == "rcParams":
        return "options"
    if rest and full.partition(".")[0] in _OPTIONS:
        return _options_of(full)
    return "module" if full.startswith("sys.") else None
