"""Golden values of statistics that scipy alone does not have, and of bootstrap intervals on the very same draws.

    pip install numpy scipy scikit-posthocs statsmodels
    python make_statistics.py > ../../Tests/Fixtures/metrics/statistics.json
"""

import json
import random
import sys

import numpy as np
import scikit_posthocs
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from seed_stream import SeedStream

rng = random.Random(5)


class Draws(np.random.Generator):
    """Gives scipy's bootstrap the draws that the program makes."""

    def __init__(self, seed):
        super().__init__(np.random.PCG64(0))
        self.stream = SeedStream(seed).child("bootstrap")
        self.done = 0

    def integers(self, low, high=None, size=None, **_):
        rows, places = size
        drawn = [[self.stream.child(self.done + row).integer(high, place) for place in range(places)]
                 for row in range(rows)]
        self.done += rows
        return np.array(drawn)


def bootstrap_case(values, seed, resamples):
    result = stats.bootstrap((np.array(values),), np.mean, n_resamples=resamples, method="percentile",
                             confidence_level=0.95, rng=Draws(seed), vectorized=True)
    return {"values": values, "seed": seed, "resamples": resamples, "mean": float(np.mean(values)),
            "lower": float(result.confidence_interval.low), "upper": float(result.confidence_interval.high)}


def nemenyi_case(scores):
    matrix = scikit_posthocs.posthoc_nemenyi_friedman(-np.array(scores)).to_numpy()
    return {"scores": scores, "p": matrix.tolist()}


def holm_case(values):
    return {"p": values, "corrected": multipletests(values, method="holm")[1].tolist()}


def mcnemar_case(only_first, only_second):
    result = mcnemar([[10, only_first], [only_second, 10]], exact=True)
    return {"only_first": only_first, "only_second": only_second, "p": float(result.pvalue)}


json.dump(
    {
        "bootstrap": [
            bootstrap_case([0.812, 0.834, 0.799], 0, 10_000),
            bootstrap_case([0.71, 0.74, 0.69, 0.77, 0.73], 0, 10_000),
            bootstrap_case([float(rng.random() < 0.8) for _ in range(40)], 3, 1_000),
            bootstrap_case([float(rng.randrange(-1, 2)) for _ in range(50)], 1, 1_000),
        ],
        "nemenyi": [
            nemenyi_case([[rng.gauss(m / 5, 1) for m in range(methods)] for _ in range(datasets)])
            for datasets, methods in ((4, 3), (27, 6), (12, 10))
        ] + [nemenyi_case([[float(rng.randrange(3)) for _ in range(4)] for _ in range(9)])],
        "holm": [
            holm_case([0.01, 0.04, 0.03, 0.005]),
            holm_case([0.5, 0.5, 0.9]),
            holm_case([rng.random() ** 3 for _ in range(15)]),
        ],
        "mcnemar": [mcnemar_case(*pair) for pair in ((0, 1), (3, 9), (25, 25), (120, 60), (5, 40))],
    },
    sys.stdout,
)
print()
