# page-cache. `make` lists what there is; a bare machine needs Go, and apt for
# the shop (Django, uWSGI).

SHELL := bash
.DEFAULT_GOAL := help

# The module is published nowhere: the checkout takes its place, and nothing may
# ask the network for it.
XCADDY := GONOPROXY='github.com/page-cache/*' GOVCS='github.com/page-cache/*:off' \
	xargs go tool -modfile=integration/tools/xcaddy/go.mod xcaddy < xcaddy.txt
LINT := go tool -modfile='$(CURDIR)/integration/tools/lint/go.mod' golangci-lint
SOURCES := $(shell find module caddyfile -name '*.go' -not -name '*_test.go') go.mod go.sum xcaddy.txt

CHART := integration/storm/chart
CONFORMANCE := integration/conformance
SUITE := $(CONFORMANCE)/node_modules/.package-lock.json
BROWSER := integration/browser
PLAYWRIGHT := $(BROWSER)/node_modules/.package-lock.json

# How long a page is kept in `make storm`: whole seconds.
STORM_TTL ?= 5s

# How long each fuzz target runs in `make fuzz`: a time (5m), or better a count,
# because Go's fuzzer now and then reports the end of its time as a failure
# ("context deadline exceeded").
FUZZTIME ?= 20000x

.PHONY: help
help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## installs what the shop and the tests need (apt), if it is missing
	@integration/deps.sh

.PHONY: build
build: bin/caddy ## builds bin/caddy: Caddy with page-cache and the uwsgi transport

bin/caddy: $(SOURCES)
	$(XCADDY)

.PHONY: run
run: deps build ## starts the shop behind the edge at http://localhost:8080, until Ctrl-C
	@exec examples/storefront/run

.PHONY: smoke
smoke: deps build ## starts both on free ports, checks the edge, prints a table
	go run ./integration/smoke

.PHONY: test
test: deps ## all tests, with the race detector; the shop's own too
	go test -race -shuffle=on -timeout 20m ./...
	go -C $(CHART) test ./...
	cd examples/storefront && /usr/bin/python3 manage.py test
	cd integration/load && /usr/bin/python3 -B -m unittest ledger_test

.PHONY: lint
lint: ## the linter, and whether go.mod is tidy
	GOFLAGS=-trimpath $(LINT) run ./...
	go mod tidy -diff
	cd $(CHART) && GOFLAGS=-trimpath $(LINT) run ./...
	go -C $(CHART) mod tidy -diff

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' module caddyfile | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | cut -c6-); do \
			echo "$$dir $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x ./$$dir; \
		done; \
	done

.PHONY: storm
storm: deps build ## what becomes of visitors when a hot page expires, beside Debian's nginx: a table, a chart
	@integration/storm/deps.sh
	go run ./integration/storm -ttl $(STORM_TTL)

.PHONY: load
load: deps build ## 100,000 requests of browsers to the shop, some ten minutes: hits by kind of page, and nobody sees another's
	@integration/load/deps.sh
	go run ./integration/load

.PHONY: soak
soak: deps ## the faults, and the sweep of headers, in their long forms
	PAGE_CACHE_SOAK=1 go test -race -timeout 60m -run 'Fault|Sweep' ./integration

.PHONY: conformance
conformance: build $(SUITE) ## the suite behind cache-tests.fyi against bin/caddy (Node and npm)
	go run ./$(CONFORMANCE)

$(SUITE): $(CONFORMANCE)/package.json $(CONFORMANCE)/package-lock.json
	@command -v npm >/dev/null || { echo "conformance: npm is needed; install Node" >&2; exit 1; }
	cd $(CONFORMANCE) && npm ci --ignore-scripts --omit=dev
	@touch $@

.PHONY: browser
browser: deps build $(PLAYWRIGHT) ## the shop, visited with Debian's Chromium and by plain HTTP: a table (Node, npm and apt)
	@$(BROWSER)/deps.sh
	go run ./$(BROWSER)

$(PLAYWRIGHT): $(BROWSER)/package.json $(BROWSER)/package-lock.json
	@command -v npm >/dev/null || { echo "browser: npm is needed; install Node" >&2; exit 1; }
	cd $(BROWSER) && npm ci --ignore-scripts --omit=dev
	@touch $@

.PHONY: check
check: build lint test fuzz smoke conformance browser ## what has to hold before a push

.PHONY: clean
clean: ## removes what was built and the shop's state
	rm -rf bin examples/storefront/.state $(CONFORMANCE)/node_modules $(BROWSER)/node_modules
