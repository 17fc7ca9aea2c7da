#!/usr/bin/env bash
# Format and house rules. Prints what is wrong and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
swift format lint --strict --recursive --parallel Core/Sources Core/Tests Sources Tests Fuzz Package.swift Core/Package.swift
# Each decision that is to be broken on purpose has its place in the source.
python3 scripts/mutate.py --places
