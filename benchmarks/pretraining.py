"""What texts without labels are worth: `Classifier` with few labels, without and with `fit(…, pretrain=texts)`.

python benchmarks/pretraining.py [--seeds 5]

Questions (TREC), customer reviews (CR) and film reviews (MR). Each seed holds out a thousand texts (of CR a fifth);
some of the others have labels, and all of them are learned from without. The test set of TREC is not read.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
from classification import read_texts

import seqwise as sw

FILES = {"TREC": "TREC.train.all", "CR": "custrev.all", "MR": "MR"}
FEW = {"TREC": 500, "CR": 500, "MR": 1000}  # labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(FILES))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    print("| | with labels | of all | alone | with `pretrain=` | seconds of a training |\n|---|---|---|---|---|---|")
    for name in arguments.sets:
        texts, y = read_texts(FILES[name])
        held_out = min(1000, len(texts) // 5)
        rest = len(texts) - held_out
        for count in (FEW[name], rest):
            found: dict[bool, list[float]] = {False: [], True: []}
            seconds: dict[bool, list[float]] = {False: [], True: []}
            for seed in range(arguments.seeds):
                order = np.random.default_rng(seed).permutation(len(texts))
                test, others = np.split(order, [held_out])
                labelled = others[:count]
                for pretrained in found:
                    more = texts[others] if pretrained else None
                    started = time.perf_counter()
                    fitted = sw.Classifier(seed=seed).fit(texts[labelled], y[labelled], pretrain=more, verbose=False)
                    seconds[pretrained].append(time.perf_counter() - started)
                    found[pretrained].append(fitted.score(texts[test], y[test]))
            scores = " | ".join(
                f"{statistics.mean(each):.3f} ± {statistics.stdev(each) if len(each) > 1 else 0:.3f}"
                for each in found.values()
            )
            times = ", ".join(f"{statistics.mean(each):.0f}" for each in seconds.values())
            print(f"| {name} | {count:,} | {rest:,} | {scores} | {times} |", flush=True)


if __name__ == "__main__":
    main()
