"""What a tagger knows of its inputs, where they are lists of tokens: one id for each, so that each has its tag."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data.texts import Texts
from seqwise.errors import SettingError
from seqwise.estimators.sequences.text_input import TextInput


class TokenInput(TextInput):
    """The tokens of a tagger as ids; none is split, and no text is cut."""

    kind = "tokens"

    def fit(self, raw: Texts, train: np.ndarray) -> list[str]:
        given = self.settings.tokenizer or {}
        for name in ("kind", "max_length", "ends"):
            if given.get(name) not in (None, False, "tokens"):
                raise SettingError(
                    f"tokenizer sets {name}={given[name]!r}, but a Tagger takes tokens as they come: each has its tag. "
                    "Leave it out."
                )
        return super().fit(raw, train)

    def _settings(self) -> dict[str, Any]:
        return {**(self.settings.tokenizer or {}), "kind": "tokens"}
