#!/usr/bin/env python3
"""ComPEFT (arXiv 2311.13171): adapters to compress, and what is left of their scores.

    scripts/studies/compeft.py RESULTS [CONFIG] [--keep SHARES] [--alpha FACTORS]

Trains adapters by CONFIG (configs/studies/compeft.yaml unless given), compresses each to shares of its values (`adapter grid
--keep`), once with alpha 1 and once with the alpha that is best on training rows that the run held back, and prints for each
method and share: times smaller than float16 (values, table and checksum), the score on evaluation rows and the own one's, as
rows of docs/studies.md. What is done already is not done again.
"""

import argparse
import statistics

import studies


def rows(method, own, plain, best):
    """The rows of one method, a line each share."""
    lines = []
    for keep in sorted({record["recipe"]["keep"] for record in best}, reverse=True):
        def scores(records):
            chosen = [record for record in records if record["recipe"]["keep"] == keep]
            values = [record["tasks"][0]["chosen"]["value"] for record in chosen]
            count = sum(record["tasks"][0]["evaluation_rows"] for record in chosen)
            mean = statistics.mean(values)
            return mean, count, statistics.mean(record["ratio_to_float16"] for record in chosen), chosen

        at_one, count, ratio, _ = scores(plain)
        tuned, _, _, chosen = scores(best)
        alphas = ", ".join(sorted({f"{record['candidates'][record['chosen']]['values']['alpha']:g}" for record in chosen}))
        kept = [record["tasks"][0]["retained"] for record in chosen if record["tasks"][0]["retained"] is not None]
        share = studies.percent(*studies.mean_interval(kept)) if kept else "–"
        lines.append((keep, ratio, at_one, tuned))
        print(f"{method:6} {100 * keep:4.0f} %  {ratio:5.1f}×  own {100 * own:5.1f}  "
              f"alpha 1: {studies.percent(at_one, *studies.interval(at_one, count))}  "
              f"best: {studies.percent(tuned, *studies.interval(tuned, count))}, {share} % of the own (alpha {alphas})",
              flush=True)
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("config", nargs="?", default=studies.ROOT / "configs/studies/compeft.yaml")
    parser.add_argument("--keep", default="0.05,0.1,0.2,0.3,0.5")
    parser.add_argument("--alpha", default="0.5,1,2,3,4,5,6,8,10")
    parser.add_argument("--control", action="store_true", help="also keep values that are drawn at random")
    arguments = parser.parse_args()
    folder = arguments.results
    studies.start(folder, arguments.config)
    shares = ["--keep", arguments.keep]
    plain = studies.grid(folder, *shares, "--alpha", "1")
    best = studies.grid(folder, *shares, "--alpha", arguments.alpha)
    control = studies.grid(folder, *shares, "--alpha", arguments.alpha, "--control") if arguments.control else []
    model = studies.config(folder)["model"].get("name", "")
    for method in sorted({record["method"] for record in best}):
        own_plain = [record for record in plain if record["method"] == method]
        own_best = [record for record in best if record["method"] == method]
        tasks = {record["tasks"][0]["dataset"]: record["tasks"][0] for record in own_best}
        for keep in sorted({record["recipe"]["keep"] for record in control}, reverse=True):
            drawn = [record["tasks"][0] for record in control
                     if record["method"] == method and record["recipe"]["keep"] == keep]
            mean, count = statistics.mean(task["chosen"]["value"] for task in drawn), sum(
                task["evaluation_rows"] for task in drawn)
            print(f"{method:6} {100 * keep:4.0f} % at random, best alpha: "
                  f"{studies.percent(mean, *studies.interval(mean, count))}", flush=True)
        own = statistics.mean(task["own"]["value"] for task in tasks.values())
        count = sum(task["evaluation_rows"] for task in tasks.values())
        low, high = studies.interval(own, count)
        lines = rows(method, own, own_plain, own_best)
        for name, place in [("alpha 1", 2), ("alpha chosen on held-out rows", 3)]:
            lossless = [line for line in lines if line[place] >= low]
            furthest = max(lossless, key=lambda line: line[1], default=None)
            measured = f"{model}, {method}, {len(tasks)} tasks: own {studies.percent(own, low, high)}; with {name} "
            measured += "; ".join(
                f"{100 * line[0]:g} % kept, {line[1]:.1f} times smaller: "
                f"{studies.percent(line[place], *studies.interval(line[place], count))}" for line in lines)
            if furthest is None:
                verdict = "not seen here: every share loses"
            elif furthest[1] >= 8:
                verdict = f"holds in part: to {furthest[1]:.0f} times" if furthest[1] < 40 else "holds"
            else:
                verdict = f"not seen here: without loss only {furthest[1]:.1f} times"
            studies.row(
                "ComPEFT: 8 to 50 times smaller than float16 without loss", "scripts/studies/compeft.py RESULTS CONFIG",
                measured, verdict)


if __name__ == "__main__":
    main()
