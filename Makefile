SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
UV_LOCK := uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -p 3.11 \
	--prerelease if-necessary-or-explicit -q

.PHONY: help setup run test bench demo lock clean

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: ## Install what is missing: PostgreSQL with PostGIS, Python packages
	@.ci/bootstrap.sh

run: setup ## Start everything: private PostGIS, demo register, API and web pages
	@exec $(BIN)/landreserve up

test: ## Everything that CI runs: style, types, layers, tests on a real PostGIS
	@.ci/bootstrap.sh --test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@.ci/test.sh

bench: setup ## Measure against the peers (takes minutes); SCALE=10: ten cities, 2.5 million parcels
	$(BIN)/python -m tests.bench --cities $(or $(SCALE),1)

demo: setup ## Load the fictitious demo register
	$(BIN)/landreserve demo

lock: ## Renew both lock files (needs uv on the path)
	@command -v uv >/dev/null || { echo 'uv is missing: install it first' >&2; exit 2; }
	$(UV_LOCK) --group dev -o requirements-dev.lock
	$(UV_LOCK) -c requirements-dev.lock -o requirements.lock

clean: ## Remove the virtual environment and caches (no data)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
