# All logic is in local/: this file only names what a person can ask for.
SHELL := /bin/sh
PYTHON ?= python3
SEED ?= demo
AUTH ?= false
.DEFAULT_GOAL := help
.PHONY: help up aws down reset status logs live test lint audit bench packages bundle deploy requirements

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s%s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

up: ## Start everything and run the pipeline once; SEED=empty leaves the source empty
	@$(PYTHON) -m local up --seed $(SEED)

aws: ## Start the local AWS alone; AUTH=true enforces IAM policies
	@$(PYTHON) -m local aws --auth "$(AUTH)"

down: ## Stop exactly what `make up` or `make aws` started; the data stays
	@$(PYTHON) -m local down

reset: ## Stop, and forget all data, ports and passwords
	@$(PYTHON) -m local reset

status: ## Show every process, its health, and rows in source, lake and warehouse
	@$(PYTHON) -m local status

logs: ## Follow the logs of all processes
	@$(PYTHON) -m local logs

live: ## Keep writing to the sources: orders, payments, updates, deletes, a slow transaction, gaming files
	@$(PYTHON) -m local live

test: ## Run all tests with coverage; ARGS="tests/local -k ports" runs some
	@$(PYTHON) -m local test -- $(ARGS)

lint: ## Check style, format and types
	@$(PYTHON) -m local lint

audit: ## Look for dangerous code, secrets, faulty workflows and known advisories; STRICT=true fails if one cannot run
	@$(PYTHON) -m local audit --strict "$(STRICT)"

bench: ## Measure speed and memory against others; writes benchmarks/
	@$(PYTHON) -m local bench -- $(ARGS)

packages: ## Build the Lambdas' packages into dist/lambdas, for Terraform on AWS
	@$(PYTHON) -m local packages

bundle: ## Build what Amazon MWAA takes into dist/mwaa; OUTPUTS=FILE of `terraform output -json` fills startup.sh
	@$(PYTHON) -m local bundle --outputs "$(OUTPUTS)"

deploy: ## Put the bundle into service on Amazon MWAA; DRY_RUN=true only tells what it would do
	@$(PYTHON) -m local deploy --outputs "$(OUTPUTS)" --dry-run "$(DRY_RUN)"

requirements: ## Resolve the requirements anew; CONSTRAINTS=FILE is MWAA's constraints file
	@$(PYTHON) -m local requirements --constraints "$(CONSTRAINTS)"
