"""Other seeds in the places where seeds are written down, and nowhere else."""

from __future__ import annotations

import pytest

from mm_jupyter.analysis.reseeding import STRIDE, reseed


@pytest.mark.parametrize(
    ("source", "moved", "where"),
    [
        ("split(X, random_state=0)", f"split(X, random_state={STRIDE})", "split(random_state=0)"),
        ("SEED = 7", f"SEED = {7 + STRIDE}", "SEED = 7"),
        ("self.rng_seed: int = 7", f"self.rng_seed: int = {7 + STRIDE}", "rng_seed = 7"),
        ("np.random.seed(3)", f"np.random.seed({3 + STRIDE})", "np.random.seed(3)"),
        ("rng = default_rng(3)", f"rng = default_rng({3 + STRIDE})", "default_rng(3)"),
        ("torch.manual_seed(0)", f"torch.manual_seed({STRIDE})", "torch.manual_seed(0)"),
        ("p = {'seed': 1, 'n': 2}", f"p = {{'seed': {1 + STRIDE}, 'n': 2}}", "seed"),
        ("jax.random.key(5)", f"jax.random.key({5 + STRIDE})", "jax.random.key(5)"),
        ("f('ä', seed=1); g(seed=2)", f"f('ä', seed={1 + STRIDE}); g(seed={2 + STRIDE})", None),
    ],
)
def test_a_seed_is_moved_and_all_else_stays(source: str, moved: str, where: str | None) -> None:
    found = reseed(source, 1)
    assert found.source == moved
    assert where is None or found.where == (where,)


@pytest.mark.parametrize(
    "source",
    [
        "n = 3",
        "seeds_tried = 3",
        "seed = None",
        "seed = True",
        "seed = -1",
        "seed = base + 1",
        "cache.key(3)",
        "fit(n_estimators=10)",
        "not python ?",
        "seed(x)",
        "",
    ],
)
def test_what_is_no_spelled_out_seed_is_left_alone(source: str) -> None:
    assert reseed(source, 1) == (type(reseed("", 1)))(source, ())


def test_each_step_is_another_seed_in_the_range_that_numpy_takes() -> None:
    sources = {reseed(f"seed = {2**32 - 1}", by).source for by in range(20)}
    assert len(sources) == 20
    assert all(0 <= int(one.split(" = ")[1]) < 2**32 for one in sources)
