"""Golden values of quantiles, tails and intervals, from scipy.

    pip install numpy scipy
    python make_intervals.py > ../../Tests/Fixtures/metrics/intervals.json
"""

import json
import random
import sys

import numpy as np
from scipy import stats
from scipy.optimize import brentq

rng = random.Random(15)


def wilson_case(right, rows):
    interval = stats.binomtest(right, rows).proportion_ci(method="wilson")
    return {"right": right, "rows": rows, "lower": float(interval.low), "upper": float(interval.high)}


def majority_case(counts):
    """counts: (rows, right, majority) of each dataset; the tail of the sum, by convolution."""
    probabilities = np.array([1.0])
    for rows, _, majority in counts:
        probabilities = np.convolve(probabilities, stats.binom.pmf(np.arange(rows + 1), rows, majority))
    p = probabilities[sum(right for _, right, _ in counts):].sum()
    if len(counts) == 1:
        rows, right, majority = counts[0]
        assert abs(p - stats.binomtest(right, rows, majority, alternative="greater").pvalue) < 1e-12
    return {"counts": [list(count) for count in counts], "p": float(min(1, p))}


def bca_case(values, resamples, tail):
    """scipy's BCa interval of the mean, with the resampled means that it drew."""
    data = np.array(values)
    result = stats.bootstrap((data,), np.mean, n_resamples=resamples, method="BCa", confidence_level=1 - 2 * tail,
                             rng=np.random.default_rng(3))
    left = [float(np.mean(np.delete(data, index))) for index in range(len(data))]
    return {"estimate": float(np.mean(data)), "resampled": [float(value) for value in result.bootstrap_distribution],
            "leaving_one_out": left, "tail": tail, "lower": float(result.confidence_interval.low),
            "upper": float(result.confidence_interval.high)}


def bonett_price_case(only_first, only_second, rows):
    first, second = (only_first + 1) / (rows + 2), (only_second + 1) / (rows + 2)
    centre = first - second
    # The variance of a sample, which divides by one less than its rows.
    reach = stats.norm.ppf(0.975) * np.sqrt((first + second - centre**2) / (rows + 1))
    return {"only_first": only_first, "only_second": only_second, "rows": rows, "estimate": (only_first - only_second) / rows,
            "lower": max(-1, centre - reach), "upper": min(1, centre + reach)}


def mixture_case(rows, seeds, freedom, centre):
    def gap(tail):
        return stats.norm.isf(tail)**2 * rows + stats.t.isf(tail, freedom)**2 * seeds - centre**2
    return {"rows": rows, "seeds": seeds, "freedom": freedom, "centre": centre, "p": 2 * brentq(gap, 1e-12, 0.5, xtol=1e-15)}


def crossed_case(runs, rows):
    """The three variances, by numpy's own functions on rows x runs."""
    values = np.array([[float(rng.random() < 0.6 + 0.2 * (row % 2)) for row in range(rows)] for _ in range(runs)])
    of_rows = values.mean(0).var(ddof=1) / rows
    within = float(np.mean(values.var(1, ddof=1))) / rows
    of_runs = values.mean(1).var(ddof=1) / runs
    excess = of_runs - (within - of_rows) / (runs - 1)
    return {"values": values.tolist(), "rows": max(of_rows + min(0, excess), 0.8 * of_rows), "seeds": max(0, excess)}


json.dump(
    {
        "normal": [{"p": p, "x": float(stats.norm.ppf(p))} for p in (1e-9, 0.0025, 0.025, 0.2, 0.5, 0.8, 0.975, 0.999)],
        "student": [{"p": p, "freedom": f, "x": float(stats.t.ppf(p, f))}
                    for f in (1, 2, 2.7, 4, 30, 399) for p in (0.025, 0.5, 0.8, 0.975, 0.9999)],
        "student_tail": [{"x": x, "freedom": f, "p": float(stats.t.sf(x, f))}
                         for f in (1, 2, 4.5, 60) for x in (-2.0, 0.0, 0.7, 3.0, 12.0)],
        "binomial": [{"k": k, "n": n, "p": p, "tail": float(stats.binom.sf(k - 1, n, p))}
                     for k, n, p in ((0, 5, 0.3), (5, 5, 0.3), (20, 32, 0.5), (17, 32, 0.5), (301, 400, 0.7), (9000, 10000, 0.89),
                                     (1, 3, 0.0), (3, 3, 1.0))],
        "wilson": [wilson_case(*case) for case in ((0, 20), (20, 20), (18, 20), (50, 100), (98, 100), (372, 400), (1, 2))],
        "majority": [majority_case(case) for case in
                     ([(32, 20, 0.5)], [(32, 23, 0.5)], [(100, 71, 0.68)], [(40, 31, 0.6), (25, 20, 0.72)],
                      [(20, 12, 0.5), (30, 19, 0.4), (8, 8, 0.75)])],
        "bca": [bca_case([rng.random() ** 3 for _ in range(15)], 200, 0.025),
                bca_case([float(rng.random() < 0.9) for _ in range(25)], 200, 0.05)],
        "paired": [bonett_price_case(*case) for case in ((0, 0, 50), (5, 1, 40), (12, 30, 400), (3, 0, 3))],
        "mixture": [mixture_case(*case) for case in
                    ((1e-4, 2e-4, 2, 0.05), (4e-4, 1e-5, 4, 0.03), (1e-6, 3e-4, 2, 0.4), (2e-4, 5e-4, 6.3, 0.001))],
        "crossed": [crossed_case(3, 24), crossed_case(5, 12), crossed_case(2, 40)],
    },
    sys.stdout,
)
print()
