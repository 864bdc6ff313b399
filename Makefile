# `make help` lists the targets. Each target first installs what it needs, if it is not installed yet.
PORT ?= 8000
# Not from the environment, where some shells have the machine's name: make serve HOST=[::1]
HOST = 127.0.0.1
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(BIN)/python .ci/setup.py
SDK := node_modules/.package-lock.json
AUDITORS := tests/audit/node_modules/.package-lock.json
DEEP_TESTS := tests/deep tests/limits tests/hostile tests/operations/evidence tests/operations/privacy tests/desk/test_at_once.py
PYTEST := $(BIN)/python -m pytest -n 5 --dist loadgroup
# --reuse-db: the databases go with their server, and to drop one can take longer than a statement may.
# Without browsers, long tests and the sandbox's own: what an edit of the product breaks most often.
FAST_TESTS := tests/closed_sets tests/domain tests/journey tests/languages tests/operations/test_checks.py tests/upstream tests/web/test_address.py tests/web/test_code.py tests/web/test_code_page.py tests/web/test_phone_page.py tests/web/test_returning.py
export PIP_DISABLE_PIP_VERSION_CHECK = 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run sandbox serve setup release audit-deps test test-fast test-deep mutants check audit screenshots format messages bench hooks lock clean
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*##/ { printf "%-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/runtime $(SDK) .env ## run the product with the sandbox on http://127.0.0.1:8000
	@$(SETUP) database
	@echo "A reviewer for /admin/:  $(BIN)/python manage.py createreviewer NAME"
	@$(BIN)/python manage.py develop $(HOST):$(PORT)

sandbox: .venv/runtime ## run the emulated Prove and Twilio alone, on http://127.0.0.1:9090 (ARGS=--help: its options)
	@$(BIN)/python manage.py sandbox $(ARGS)

serve: .venv/runtime $(SDK) ## run the production server with the settings of the environment
	$(BIN)/python manage.py check --deploy --fail-level ERROR
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	exec $(BIN)/gunicorn proveflow.wsgi --bind $(HOST):$(PORT) --config proveflow/gunicorn.py

setup: .venv/runtime $(SDK) ## install what the product needs, and nothing else

test: .venv/dev $(SDK) chromium ## run all tests, including those in a browser
	$(PYTEST) $(ARGS)
	DATABASE=postgresql $(PYTEST) --reuse-db tests/journey tests/desk/test_reviews.py tests/desk/test_lists.py tests/desk/test_cases.py tests/desk/test_at_once.py tests/operations/test_recovery.py tests/operations/test_rotation.py tests/operations/evidence tests/deep tests/limits tests/hostile tests/domain/test_constraints.py $(ARGS)

test-fast: .venv/dev $(SDK) ## run the quick tests of the product on SQLite, without a browser
	$(PYTEST) $(FAST_TESTS) $(ARGS)

test-deep: .venv/dev $(SDK) ## run the long tests on both databases: any order, races, faults, kills, crashes, leaks
	DEEP=1 $(BIN)/python -m pytest -n 4 --dist loadgroup --capture=sys $(DEEP_TESTS) tests/browser $(ARGS)
	DEEP=1 DATABASE=postgresql $(BIN)/python -m pytest --reuse-db -n 4 --dist loadgroup --capture=sys $(DEEP_TESTS) $(ARGS)

mutants: .venv/dev $(SDK) ## put in bugs, one at a time, and list which the tests catch (ARGS='lease': those about it)
	$(BIN)/python -m tests.deep.mutants $(ARGS)

check: .venv/dev $(SDK) ## check format, lint, types, import contracts, migrations and Django's checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py check --fail-level WARNING

bench: .venv/dev $(SDK) ## measure onboardings; prints one JSON object per line (ARGS='--flows 2000': so many for each figure)
	@$(BIN)/python -m tests.bench $(ARGS)

audit: .venv/dev $(SDK) $(AUDITORS) chromium ## run Lighthouse on the phone and code pages, and validate HTML and CSS (needs Java)
	@$(BIN)/python -m tests.audit $(ARGS)

screenshots: .venv/dev $(SDK) chromium ## take pictures of all pages in all states into var/screenshots (ARGS='code moved': only these)
	$(BIN)/python -m tests.screenshots $(ARGS)

hooks: .venv/dev ## check format and lint before each commit, from now on
	git config core.hooksPath .githooks

format: .venv/dev ## format the code and fix lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: .venv/dev ## update the catalogues in locale/ from the sources, and compile them
	$(BIN)/python -m tests.languages.catalogues

release: .venv/runtime $(SDK) ## list what a release is made of in var/release: an SBOM (CycloneDX) and the licences
	$(PYTHON) -m venv .venv/release && .venv/release/bin/pip install --quiet --require-hashes -r requirements/release.txt
	mkdir -p var/release
	.venv/release/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible -o var/release/python.cdx.json requirements/runtime.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) sbom --sbom-format cyclonedx --sbom-type application > var/release/javascript.cdx.json
	.venv/release/bin/pip-licenses --python $(BIN)/python --format markdown --with-urls --packages $$(grep -oE '^[A-Za-z0-9._-]+(\[.*\])?==' requirements/runtime.txt | sed 's/=.*//; s/\[.*//') > var/release/licences.md
	@echo "var/release: python.cdx.json, javascript.cdx.json, licences.md"

audit-deps: .venv/runtime $(SDK) ## ask public databases for known vulnerabilities of what is locked (needs a network)
	$(PYTHON) -m venv .venv/release && .venv/release/bin/pip install --quiet --require-hashes -r requirements/release.txt
	.venv/release/bin/pip-audit --strict --require-hashes -r requirements/runtime.txt || { echo "pip-audit found something, or cannot reach its database: nothing is said about Python packages then."; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) audit --omit dev || { echo "npm audit found something, or cannot reach its database: nothing is said about the Web SDK then."; exit 1; }

lock: ## update the hashed requirements (needs uv)
	for f in runtime dev node release; do uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements/$$f.in -o requirements/$$f.txt; done

clean: ## delete everything that set-up and runs created
	rm -rf .venv node_modules tests/audit/node_modules var staticfiles .env .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.PHONY: chromium
chromium:
	@sh .ci/chromium

.env: | .venv/bin/python
	@$(SETUP) settings

.venv/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "proveflow needs Python 3.11 or newer. Install one (macOS: brew install python; Debian: apt-get install python3), or name it: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@"$(PYTHON)" .ci/setup.py venv

.venv/runtime: requirements/runtime.txt | .venv/bin/python
	@$(SETUP) packages $< $@

.venv/dev: requirements/dev.txt | .venv/runtime
	@$(SETUP) packages $< $@

$(SDK): package-lock.json
$(AUDITORS): tests/audit/package-lock.json
$(SDK) $(AUDITORS): | .venv/runtime
	@$(SETUP) node $< $@
