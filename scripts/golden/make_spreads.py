"""Golden values of Brown and Forsythe's test by scipy.

    python scripts/golden/make_spreads.py > Tests/Fixtures/metrics/spreads.json
"""

import json
import random
import sys

from scipy import stats

rng = random.Random(3)


def case(one, other):
    result = stats.levene(one, other, center="median")
    return {"one": one, "other": other, "statistic": float(result.statistic), "p": float(result.pvalue)}


def normal(count, deviation):
    return [rng.gauss(0.8, deviation) for _ in range(count)]


json.dump({"brown_forsythe": [
    case(normal(20, 0.05), normal(20, 0.05)), case(normal(20, 0.05), normal(20, 0.1)),
    case(normal(5, 0.02), normal(7, 0.2)), case(normal(3, 0.1), normal(4, 0.1)), case(normal(30, 0.2), normal(30, 0.02)),
    case([0.5, 0.5, 0.5, 0.6], [0.5, 0.7, 0.9, 0.5, 0.5]), case([1.0, 2.0, 4.0], [1.0, 2.0, 4.0]),
]}, sys.stdout, indent=1)
print()
