# make demo · test · bench · lint; each makes .venv when it is missing
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint format bench
demo: .venv/ready
	$(BIN)/python examples/01_forecast_co2.py

test: .venv/ready
	$(BIN)/pytest

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready
	$(BIN)/python benchmarks/windows.py
	$(BIN)/python benchmarks/accuracy.py

# the stamp is written last, so an interrupted install is made again
.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
