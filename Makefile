# make demo · test · fuzz · soak · sanitize · bench · accuracy · lint; each makes .venv when it is missing
JS := tests/export/js
PYTHON ?= python3
LONGER ?= 100
MINUTES ?= 0
BIN := .venv/bin
CXX_FILES := $(wildcard kernel/*/*.h kernel/*/*.cpp kernel/*/*/*.h bindings/*.h bindings/*.cpp)

.PHONY: demo test kernel-test fuzz soak sanitize lint format bench accuracy javascript
demo: .venv/ready
	$(BIN)/python examples/01_forecast_co2.py

test: kernel-test javascript
	$(BIN)/pytest

kernel-test: .venv/ready
	$(BIN)/cmake -S . -B build/kernel -DSEQWISE_TESTS=ON
	$(BIN)/cmake --build build/kernel --parallel 2
	$(BIN)/ctest --test-dir build/kernel --output-on-failure

# what the tests of exports run in: TensorFlow.js for Node, and Chromium; without them those tests are skipped and say so
javascript:
	@if ! command -v npm > /dev/null; then echo "npm is not installed: TensorFlow.js is not tested"; \
	elif [ ! -e $(JS)/node_modules/ready ] || [ $(JS)/package-lock.json -nt $(JS)/node_modules/ready ]; then \
		npm ci --prefix $(JS) --no-audit --no-fund --ignore-scripts && touch $(JS)/node_modules/ready || \
		echo "npm ci failed: TensorFlow.js is not tested"; fi
	@if ! command -v chromium > /dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		apt-get install -y -qq --no-install-recommends chromium > /dev/null || \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null; } || \
		echo "chromium cannot be installed: TensorFlow.js is not tested in a browser"; fi

# the kernel's tests and the hostile ones of the Python module under AddressSanitizer and UndefinedBehaviorSanitizer,
# then the kernel's tests under ThreadSanitizer
sanitize: .venv/ready
	$(BIN)/cmake -S . -B build/sanitize -DSEQWISE_TESTS=ON -DSEQWISE_SANITIZE=address,undefined \
		-DSEQWISE_BINDINGS=ON -DPython_EXECUTABLE=$(abspath $(BIN))/python
	$(BIN)/cmake --build build/sanitize --parallel 2
	$(BIN)/ctest --test-dir build/sanitize --output-on-failure
	ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so)" \
		$(BIN)/python tests/ops/sanitized.py build/sanitize/bindings/_kernel.*.so
	$(BIN)/cmake -S . -B build/threads -DSEQWISE_TESTS=ON -DSEQWISE_SANITIZE=thread
	$(BIN)/cmake --build build/threads --parallel 2
	TSAN_OPTIONS=die_after_fork=0 $(BIN)/ctest --test-dir build/threads --output-on-failure

# property tests with many more examples: damaged files for each reader, edited runs, values, arrays, bounds; every check
# of scikit-learn. `make fuzz MINUTES=10`: damaged files alone, ten minutes for each reader
fuzz: .venv/ready
ifeq ($(MINUTES),0)
	SEQWISE_LONGER=$(LONGER) $(BIN)/pytest tests/data/test_fuzz_readers.py tests/artifact/test_edited_runs.py \
		tests/data/test_hostile_values.py tests/ops/test_hostile_arrays.py tests/test_bounds.py \
		tests/estimators/test_scikit_learn.py
else
	SEQWISE_MINUTES=$(MINUTES) $(BIN)/pytest --dist load -rP tests/data/test_fuzz_readers.py
endif

# crashes at every step, every call of a save that fails, kill -9 in the middle of one, threads, forks and signals
soak: .venv/ready
	SEQWISE_LONGER=$(LONGER) $(BIN)/pytest tests/artifact/test_atomic.py tests/artifact/test_failing_saves.py \
		tests/artifact/test_places.py tests/estimators/test_many_at_once.py tests/test_interrupts.py

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/clang-format --dry-run -Werror $(CXX_FILES)

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CXX_FILES)

bench: .venv/ready
	$(BIN)/python benchmarks/windows.py
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/forecasters.py airline temperature
	$(BIN)/python benchmarks/lstm.py
	$(BIN)/python benchmarks/lstm.py --memory
	$(BIN)/python benchmarks/fit.py
	$(BIN)/python benchmarks/numpy_runs.py
	$(BIN)/python benchmarks/check.py
	$(BIN)/python benchmarks/sequences.py vowels
	$(BIN)/python benchmarks/sequences.py buckets
	$(BIN)/python benchmarks/texts.py
	$(BIN)/python benchmarks/reviews.py

# errors beside published figures: ETTh1, M4 weekly (hours on 2 cores); the small series of the README; what recipe="auto"
# takes, and how much intervals hold; then classifiers, the tagger and the translator, mean and spread over seeds, beside
# every baseline
accuracy: .venv/ready
	$(BIN)/python benchmarks/published.py
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/recipes.py
	$(BIN)/python benchmarks/intervals.py
	$(BIN)/python benchmarks/classification.py
	$(BIN)/python benchmarks/pretraining.py
	$(BIN)/python benchmarks/tagging.py
	$(BIN)/python benchmarks/translation.py

# the stamp is written last, so an interrupted install is made again
.venv/ready: pyproject.toml CMakeLists.txt bindings/CMakeLists.txt kernel/CMakeLists.txt $(CXX_FILES)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
