"""Running the scripts of ``tests/export/js`` under Node."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from javascript import HERE, need_node


def run_script(name: str, asked: Any) -> Any:
    """Hand JSON to a script, and return what it writes."""
    need_node()
    done = subprocess.run(
        ["node", str(HERE / name)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)
