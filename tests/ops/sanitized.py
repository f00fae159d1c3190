"""Run the hostile tests of arrays and bindings on a module that was built with sanitizers: sanitized.py MODULE.

AddressSanitizer must be loaded before Python: `make sanitize` sets LD_PRELOAD.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def main(module: str) -> int:
    spec = importlib.util.spec_from_file_location("seqwise._kernel", module)
    assert spec is not None and spec.loader is not None, module
    kernel = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernel)
    sys.modules["seqwise._kernel"] = kernel  # in the place of the installed one
    tests = [str(HERE / f"test_hostile_{name}.py") for name in ("arrays", "bindings")]
    code = pytest.main(["-q", "-p", "no:cacheprovider", "-o", "addopts=", *tests])
    assert sys.modules["seqwise._kernel"] is kernel
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
