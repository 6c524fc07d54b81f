# Amparo. `make demo` sets everything up and shows it; `make test` sets everything up and tests it.
# How the environments are made: tools/setup.sh. PYTHON=/path/to/python3 chooses the Python (3.11 or newer).

BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup app nlu model demo evaluate test check contracts lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: model ## prepare everything, run nothing (.venv, nlu/.venv, the trained model)
	@echo "setup: ready"

app:
	@sh tools/setup.sh app

nlu: app
	@sh tools/setup.sh nlu

model: nlu
	@sh tools/setup.sh model

demo: setup ## set up, start everything with a demo team, and chat with it here
	@$(BIN)/amparo demo

evaluate: setup ## measure triage on held-out messages and everyday text; writes docs/triage.md
	@nlu/.venv/bin/python nlu/evaluate.py $(EVALUATE_ARGS)

contracts: app
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

test: setup contracts ## set up, then lint, types, import contracts and every test
	$(BIN)/python -m pytest --durations=15 $(PYTEST_ARGS)

check: contracts ## what to run while working: lint, types, import contracts, unit tests (no Rasa needed)
	$(BIN)/python -m pytest -m unit -n auto $(PYTEST_ARGS)

lock: ## resolve requirements/*.lock again (UPGRADE=--upgrade: to the newest)
	@sh tools/setup.sh lock

clean: ## remove what setup made and every cache; keeps var/, where cases and keys live
	rm -rf .venv nlu/.venv nlu/models nlu/.rasa .rasa .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache build dist
	find bot tests nlu -name __pycache__ -type d -prune -exec rm -rf {} +
