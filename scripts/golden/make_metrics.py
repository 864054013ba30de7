"""Golden values of the metrics and statistics, by scikit-learn and scipy: random and adversarial inputs.

    python make_metrics.py > ../../Tests/Fixtures/metrics/metrics.json
"""

import collections
import json
import random
import re
import string
import sys
import warnings

import numpy as np
from scipy import stats
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

warnings.filterwarnings("ignore")
rng = random.Random(7)


def defined(value):
    """None where scipy gives NaN."""
    return None if value is None or value != value else float(value)


def classification(labels, gold, predicted):
    """Scores where None is a prediction of no class."""
    invalid = len(labels)
    filled = [invalid if p is None else p for p in predicted]
    classes = list(range(len(labels)))
    binary = f1_score(gold, filled, labels=[1], average="macro", zero_division=0)
    per_class = precision_recall_fscore_support(gold, filled, labels=classes, zero_division=0)
    kappa = cohen_kappa_score(gold, filled)
    matrix = confusion_matrix(gold, filled, labels=classes + [invalid])
    return {
        "labels": labels,
        "gold": gold,
        "predicted": predicted,
        "accuracy": accuracy_score(gold, filled),
        "f1": binary,
        "macro_f1": f1_score(gold, filled, labels=classes, average="macro", zero_division=0),
        "matthews": matthews_corrcoef(gold, filled),
        "micro_f1": f1_score(gold, filled, labels=classes, average="micro", zero_division=0),
        "weighted_f1": f1_score(gold, filled, labels=classes, average="weighted", zero_division=0),
        "balanced_accuracy": balanced_accuracy_score(gold, filled),
        # Where both sides are one and the same class, kappa is undefined and given as 0.
        "kappa": 0.0 if kappa != kappa else float(kappa),
        "per_class": [[float(v) for v in values] for values in zip(*per_class)],
        "confusion": matrix[:-1, :-1].tolist(),
        "invalid": matrix[:-1, -1].tolist(),
    }


def classification_cases():
    cases = []
    for count, labels in [(40, ["no", "yes"]), (60, ["a", "b", "c"]), (50, ["A", "B", "C", "D"]), (7, ["no", "yes"])]:
        for invalid_share in (0, 0.2):
            gold = [rng.randrange(len(labels)) for _ in range(count)]
            predicted = [
                None if rng.random() < invalid_share else g if rng.random() < 0.6 else rng.randrange(len(labels))
                for g in gold
            ]
            cases.append(classification(labels, gold, predicted))
    two = ["no", "yes"]
    cases.append(classification(two, [1, 1, 1], [1, 1, 1]))
    cases.append(classification(two, [0, 0, 0], [0, 0, 0]))
    cases.append(classification(two, [0, 1, 0, 1], [1, 1, 1, 1]))
    cases.append(classification(two, [0, 1, 0, 1], [None, None, None, None]))
    cases.append(classification(two, [1], [0]))
    cases.append(classification(["a", "b", "c"], [2, 2, 0, 1], [None, None, 0, 1]))
    cases.append(classification(["a", "b", "c"], [0, 0, 0], [0, 0, 1]))
    return cases


def correlation(x, y):
    if len(x) < 2:
        return {"x": x, "y": y, "pearson": None, "spearman": None, "kendall": None}
    return {
        "x": x,
        "y": y,
        "pearson": defined(stats.pearsonr(x, y)[0]),
        "spearman": defined(stats.spearmanr(x, y)[0]),
        "kendall": defined(stats.kendalltau(x, y)[0]),
    }


def correlation_cases():
    cases = []
    for count in (2, 3, 10, 50):
        x = [round(rng.uniform(0, 5), 2) for _ in range(count)]
        cases.append(correlation(x, [round(v + rng.gauss(0, 1), 2) for v in x]))
        cases.append(correlation([float(rng.randrange(4)) for _ in range(count)], x))
    cases.append(correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))
    cases.append(correlation([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]))
    cases.append(correlation([1e8 + v for v in (1.0, 2.0, 4.0, 3.0)], [1e-9 * v for v in (1.0, 3.0, 2.0, 5.0)]))
    cases.append(correlation([1e200, 2e200, 4e200], [1.0, 2.0, 3.5]))
    cases.append(correlation([1.0], [1.0]))
    return cases


def published(labels, rows):
    """The published script's handling of label words: cut, lower-case, replace what is invalid."""
    lowered = [label.lower() for label in labels]

    def prepared(text):
        return text.split("</think>\n\n")[-1].strip().lower()

    gold = np.asarray([prepared(label) for _, label in rows], dtype="<U16")
    predicted = np.asarray([prepared(predict) for predict, _ in rows], dtype="<U16")
    exact = float(np.mean(gold == predicted))
    invalid = ~np.isin(predicted, lowered)
    predicted[invalid] = [lowered[0] if g == lowered[1] else lowered[1] for g in gold[invalid]]
    g, p = [lowered.index(x) for x in gold], [lowered.index(x) for x in predicted]
    f1 = f1_score(g, p) if len(labels) == 2 else f1_score(g, p, average="macro")
    return {"rows": [list(row) for row in rows], "f1": float(f1), "exact_match": exact, "invalid": float(invalid.mean())}


PUBLISHED = {
    "sst2": ["negative", "positive"],
    "qnli": ["entailment", "not_entailment"],
    "boolq": ["False", "True"],
    "cb": ["entailment", "contradiction", "neutral"],
    "mmlu": ["A", "B", "C", "D"],
}


def published_cases():
    cases = []
    for dataset, labels in PUBLISHED.items():
        noise = ["", "maybe", " " + labels[0].upper() + "\n", labels[1] + ".", labels[1] + " because of the words",
                 "<think>\nhm\n</think>\n\n" + labels[1]]
        for _ in range(3):
            rows = []
            for _ in range(30):
                gold = rng.choice(labels)
                draw = rng.random()
                predict = gold if draw < 0.5 else rng.choice(labels) if draw < 0.7 else rng.choice(noise)
                rows.append((predict, gold))
            cases.append({"dataset": dataset, **published(labels, rows)})
        cases.append({"dataset": dataset, **published(labels, [("", label) for label in labels])})
        cases.append({"dataset": dataset, **published(labels, [(labels[0], labels[0])] * 3)})
    return cases


def squad_words(text):
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def span(prediction, answer):
    p, a = squad_words(prediction), squad_words(answer)
    shared = sum((collections.Counter(p) & collections.Counter(a)).values())
    f1 = 0.0 if shared == 0 else 2 * (shared / len(p)) * (shared / len(a)) / (shared / len(p) + shared / len(a))
    return {"prediction": prediction, "answer": answer, "exact_match": float(p == a), "f1": f1}


def span_cases():
    texts = ["The United States", "united states of America.", "U.S.", "", "a", "An apple, a day", "apple day",
             "the  the cat", "Théâtre—the end", "New\tYork\u00a0City", "new york", "cat the-hat", "a_b a", "3.5 %", "35"]
    return [span(p, a) for p in texts for a in rng.sample(texts, 6)]


def wilcoxon(x, y):
    result = stats.wilcoxon(x, y)
    return {"x": x, "y": y, "statistic": float(result.statistic), "p": float(result.pvalue)}


def wilcoxon_cases():
    cases = []
    for count in (5, 12, 20, 45, 60):
        x = [rng.gauss(0.3, 1) for _ in range(count)]
        cases.append(wilcoxon(x, [rng.gauss(0, 1) for _ in range(count)]))
    for count in (8, 13, 30, 70):
        cases.append(wilcoxon([float(rng.randrange(5)) for _ in range(count)],
                              [float(rng.randrange(5)) for _ in range(count)]))
    return cases


def friedman(scores):
    result = stats.friedmanchisquare(*np.array(scores).T)
    ranks = np.mean([stats.rankdata(-np.array(row)) for row in scores], axis=0)
    k, n = len(scores[0]), len(scores)
    q = stats.studentized_range.ppf(0.95, k, np.inf)
    return {
        "scores": scores,
        "ranks": ranks.tolist(),
        "statistic": float(result.statistic),
        "p": float(result.pvalue),
        "critical_difference": float(q / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n))),
    }


def friedman_cases():
    cases = []
    for datasets, methods in ((4, 3), (27, 6), (10, 10), (30, 19)):
        cases.append(friedman([[rng.gauss(m / 5, 1) for m in range(methods)] for _ in range(datasets)]))
    cases.append(friedman([[float(rng.randrange(3)) for _ in range(4)] for _ in range(12)]))
    return cases


def mcnemar_cases():
    cases = []
    for only_first, only_second in ((0, 0), (1, 0), (3, 9), (50, 50), (120, 60), (700, 800), (5, 40)):
        n = only_first + only_second
        p = 1.0 if n == 0 else stats.binomtest(only_first, n, 0.5).pvalue
        cases.append({"only_first": only_first, "only_second": only_second, "p": float(p)})
    return cases


def summary_cases():
    cases = []
    for values in ([1.0], [1.0, 2.0], [0.5] * 5, [rng.gauss(80, 2) for _ in range(5)], [1e9 + v for v in (1, 2, 4)]):
        cases.append({
            "values": values,
            "mean": float(np.mean(values)),
            "sample": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
            "population": float(np.std(values)),
        })
    return cases


json.dump(
    {
        "classification": classification_cases(),
        "correlation": correlation_cases(),
        "published": published_cases(),
        "spans": span_cases(),
        "wilcoxon": wilcoxon_cases(),
        "friedman": friedman_cases(),
        "mcnemar": mcnemar_cases(),
        "summary": summary_cases(),
    },
    sys.stdout,
    ensure_ascii=False,
)
print()
