"""Golden decompositions by numpy (LAPACK) and golden draws of PyTorch's generator.

    python make_numerics.py Tests/Fixtures/numerics
"""

import sys
from pathlib import Path

import numpy as np
import torch
from golden import save_json, versions


def matrices():
    """Small matrices of every kind of shape, with singular values that are far apart, equal, tiny and zero."""
    draw = np.random.default_rng(3)
    yield "square", draw.normal(size=(6, 6))
    yield "tall", draw.normal(size=(9, 4))
    yield "wide", draw.normal(size=(4, 9))
    yield "one row", draw.normal(size=(1, 5))
    yield "one column", draw.normal(size=(5, 1))
    yield "one element", np.array([[-2.5]])
    yield "zeros", np.zeros((3, 4))
    yield "rank two of five", draw.normal(size=(7, 2)) @ draw.normal(size=(2, 5))
    q = [np.linalg.qr(draw.normal(size=(8, 6)))[0], np.linalg.qr(draw.normal(size=(6, 6)))[0]]
    yield "graded", q[0] @ np.diag([1e6, 1e3, 1, 1e-3, 1e-6, 1e-9]) @ q[1]
    yield "equal values", q[0] @ np.diag([3, 3, 3, 1, 1, 0.5]) @ q[1]


def linear_algebra():
    result = {}
    for name, a in matrices():
        entry = {"rows": a.shape[0], "columns": a.shape[1], "elements": a.ravel().tolist(),
                 "singular_values": np.linalg.svd(a, compute_uv=False).tolist()}
        if a.shape[0] >= a.shape[1]:
            q, r = np.linalg.qr(a)
            entry |= {"q": q.ravel().tolist(), "r": r.ravel().tolist()}
        if name == "square":
            entry["inverse"] = np.linalg.inv(a).ravel().tolist()
        result[name] = entry
    return result


def draws(seed):
    def fresh():
        return torch.Generator().manual_seed(seed)

    def uniform(low, high, count, generator):
        return torch.empty(count).uniform_(low, high, generator=generator).tolist()

    one, pair = fresh(), fresh()
    return {
        "seed": seed,
        # 700 draws go beyond one block of the generator's state.
        "uniform": uniform(-0.0123, 0.0123, 700, fresh())[-40:],
        "short_normals": torch.randn(7, generator=one).tolist() + torch.randn(4, generator=one).tolist(),
        "normals": {str(count): torch.randn(count, generator=fresh()).tolist() for count in (16, 21, 48)},
        "permutations": {str(count): torch.randperm(count, generator=fresh()).tolist() for count in (0, 1, 2, 30)},
        # One draw after another: the state goes on, and the second normal value of a pair is kept.
        "sequence": [*torch.randn(3, generator=pair).tolist(), *torch.randperm(5, generator=pair).tolist(),
                     *torch.randn(2, generator=pair).tolist(), *uniform(2, 5, 3, pair)],
    }


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    provenance = {"script": "make_numerics.py", "versions": versions()}
    save_json(target / "linear_algebra.json", {"matrices": linear_algebra(), "provenance": provenance})
    save_json(target / "torch_draws.json",
              {"generators": [draws(0), draws(2**32 + 1234567)], "provenance": provenance})
