"""What a Translator's run folder holds beyond every run's: the models that translate, the vocabularies, the held-out
texts with their translations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seqwise.artifact import write_json
from seqwise.data.tokenizer import Tokenizer
from seqwise.estimators.runs import METRICS, MODEL, REPORT, load_model, plain_settings, save_model
from seqwise.estimators.translation.network import plain_model
from seqwise.estimators.translation.translator import Translator
from seqwise.evaluation.translation import TranslationEvaluation
from seqwise.evaluation.translation_report import write_translation_report

ENCODER, STEP = "encoder.keras", "decoder_step.keras"
VOCABULARY, TRANSLATIONS = "vocabulary.json", "translations.json"
RESULTS = (METRICS, TRANSLATIONS, REPORT)
PARTS = {"train": "training", "validation": "finding the best epoch", "test": "the test"}


def needed(saved: dict[str, Any]) -> tuple[str, ...]:
    return MODEL, ENCODER, STEP, VOCABULARY


def write(translator: Translator, folder: Path) -> dict[str, Any]:
    save_model(plain_model(translator.model_), folder / MODEL)
    save_model(translator.encoder_, folder / ENCODER)
    save_model(translator.step_, folder / STEP)
    tokenizers = {"source": translator.source_tokenizer_, "target": translator.target_tokenizer_}
    write_json(folder / VOCABULARY, {side: tokenizer.to_dict() for side, tokenizer in tokenizers.items()})
    return {
        "data": translator.data_,
        "columns": translator.columns_,
        "notes": translator.notes_,
        "story": translator.summary_,
        "pairs": translator.counts_,
        "longest": list(translator.longest_),
        "held": [list(part) for part in translator.held_],
    }


def restore(folder: Path, saved: dict[str, Any], settings: dict[str, Any]) -> Translator:
    translator = Translator(**settings)
    # encoder and step are made of the model's layers: what was saved beside it is for use without Seqwise
    translator._take_model(load_model(folder / MODEL))
    tokenizers = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
    translator.source_tokenizer_ = Tokenizer.from_dict(tokenizers["source"])
    translator.target_tokenizer_ = Tokenizer.from_dict(tokenizers["target"])
    longest_source, longest_target = saved["longest"]
    translator.longest_ = int(longest_source), int(longest_target)
    sources, references = saved["held"]
    translator.held_ = list(sources), [list(known) for known in references]
    translator.data_, translator.columns_ = saved["data"], dict(saved["columns"])
    translator.notes_, translator.summary_ = list(saved["notes"]), str(saved["story"])
    translator.counts_ = dict(saved["pairs"])
    translator.pairs_ = translator._evaluated = None
    return translator


def write_results(translator: Translator, folder: Path) -> None:
    evaluation = translator.evaluate() if translator.held_[0] else None
    results = evaluation.to_dict() if evaluation else {"test": None, "baselines": {}}
    write_json(folder / METRICS, results | {"seconds": round(translator.training_.seconds, 3)})
    write_json(folder / TRANSLATIONS, evaluation.texts() if evaluation else [])
    write_report(translator, evaluation, folder / REPORT)


def write_report(translator: Translator, evaluation: TranslationEvaluation | None, path: Path) -> None:
    """Write the report on a trained or loaded translator to `path`.

    Args:
        evaluation: of the texts that it is judged on; None where nothing was held back.
    """
    counts, source = translator.counts_, translator.data_ or "data in memory"
    parts = [f"{counts[name]:,} for {words}" for name, words in PARTS.items() if counts[name]]
    write_translation_report(
        path,
        title=f"Translations of {Path(source).name}",
        data=f"{sum(counts.values()):,} pairs of {source}: {', '.join(parts)}. No text is in two parts.",
        story=translator.summary_,
        notes=translator.notes_,
        settings=plain_settings(translator),
        evaluation=evaluation,
        training=translator.training_,
    )
