"""English to French with the translator's default settings: BLEU and chrF on held-out sentences, beside greedy search
and the most similar training text.

python benchmarks/translation.py                                  five seeds, one after another
python benchmarks/translation.py --seed 3 --out found.jsonl       one, its line added to a file
python benchmarks/translation.py --from found.jsonl               the tables of such a file; nothing is trained

The pairs are those of tatoeba-eng-fra-30k.tsv in ../shared/data (short sentences, CC BY 2.0 France). A tenth of the
distinct English sentences is the test set: none of them is in training, and each is translated once. With another
seed it is another tenth. A sentence has one French reference or several; BLEU is computed against all of them and
against the first one alone. Seconds are those of the training, with the compilation of its programs.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from rich.box import MARKDOWN
from rich.console import Console
from rich.markup import escape
from rich.table import Table

DATA = Path(__file__).parent / "../../shared/data/tatoeba-eng-fra-30k.tsv"
COLUMNS = {"bleu": "BLEU, all references", "first": "BLEU, the first one", "chrf": "chrF", "exact": "exact"}


def measure(path: Path, seed: int, samples: int) -> dict[str, Any]:
    """Train with the default settings and one seed; return its figures and some translations, as JSON."""
    import seqwise as sw
    from seqwise.evaluation.translation import score_translations

    translator = sw.Translator(seed=seed).fit(path)
    evaluation = translator.evaluate()
    first = [known[:1] for known in evaluation.references]
    scores = {
        name: found | {"first": score_translations(evaluation.translations[name], first)["bleu"]}
        for name, found in evaluation.scores.items()
    }
    every = max(len(evaluation) // samples, 1)
    return {
        "seed": seed,
        "pairs": translator.counts_,
        "texts": len(evaluation),
        "references": sum(map(len, evaluation.references)),
        "parameters": translator.model_.count_params(),
        "seconds": translator.training_.seconds,
        "epochs": len(translator.training_.history["loss"]),
        "best_epoch": translator.training_.best_epoch,
        "scores": scores,
        "signature": evaluation.signature,
        "every": every,
        "samples": evaluation.texts()[::every][:samples],  # not chosen by their translations
    }


def score_table(runs: list[dict[str, Any]]) -> tuple[str, Table]:
    one = runs[0]
    seeds = f"{len(runs)} seeds, mean ± standard deviation" if len(runs) > 1 else f"seed {one['seed']}"
    title = (
        f"{one['pairs']['train']:,} pairs to train on, {one['texts']:,} sentences to translate with "
        f"{one['references']:,} references (seed {one['seed']}); {seeds}"
    )
    table = Table("", *COLUMNS.values(), box=MARKDOWN)
    for name in one["scores"]:
        cells = []
        for key in COLUMNS:
            values = [run["scores"][name][key] * (100 if key == "exact" else 1) for run in runs]
            spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.2f}{spread}{' %' if key == 'exact' else ''}")
        table.add_row(name, *cells)
    return title, table


def notes(runs: list[dict[str, Any]]) -> list[str]:
    chosen = next(iter(runs[0]["scores"]))
    bleu = [run["scores"][chosen]["bleu"] for run in runs]
    seconds = [run["seconds"] for run in runs]
    lines = [
        f"{chosen}, BLEU of seeds {', '.join(str(run['seed']) for run in runs)}: {', '.join(f'{b:.2f}' for b in bleu)}",
        f"seconds of training: {', '.join(f'{s:.0f}' for s in seconds)} (most: {max(seconds) / 60:.1f} minutes); "
        f"best epoch {', '.join(str(run['best_epoch']) for run in runs)} of {runs[0]['epochs']}; "
        f"{runs[0]['parameters']:,} parameters",
    ]
    if chosen != "greedy":
        more = [run["scores"][chosen]["bleu"] - run["scores"]["greedy"]["bleu"] for run in runs]
        better = f"better with {sum(m > 0 for m in more)} of {len(more)} seed(s)"
        lines.append(f"{chosen} beyond greedy, BLEU: {', '.join(f'{m:+.2f}' for m in more)}; {better}")
    return [*lines, f"sacrebleu: {runs[0]['signature']}"]


def sample_table(run: dict[str, Any]) -> tuple[str, Table]:
    chosen = next(iter(run["scores"]))
    title = f"seed {run['seed']}, {chosen}: one sentence in {run['every']} of the test set, in the file's order"
    table = Table("sentence", "translation", "references", box=MARKDOWN)
    for one in run["samples"]:
        cells = one["source"], one[chosen], " · ".join(one["references"])
        table.add_row(*(escape(cell.replace("|", r"\|")) for cell in cells))
    return title, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 (default 5)")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--samples", type=int, default=20, help="translations of the first seed to show (default 20)")
    parser.add_argument("--out", type=Path, help="add a JSON line a seed to this file")
    parser.add_argument("--from", dest="found", type=Path, help="show what is in such a file, train nothing")
    parser.add_argument("--data", type=Path, default=DATA, help="other pairs: a .tsv, source and target")
    arguments = parser.parse_args()
    console = Console()
    console = console if console.is_terminal else Console(width=240)
    if arguments.found:
        runs = [json.loads(line) for line in arguments.found.read_text(encoding="utf-8").splitlines()]
    elif not arguments.data.exists():
        console.print(f"left out: translation, there is no {arguments.data}")
        return
    else:
        runs = []
        for seed in range(arguments.seeds) if arguments.seed is None else [arguments.seed]:
            runs.append(measure(arguments.data, seed, arguments.samples))
            if arguments.out:
                with arguments.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(runs[-1], ensure_ascii=False) + "\n")
    runs.sort(key=lambda run: run["seed"])
    console.print(*score_table(runs), *notes(runs), "", *sample_table(runs[0]), sep="\n")


if __name__ == "__main__":
    main()
