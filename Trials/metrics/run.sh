#!/usr/bin/env bash
# The parser of prometheus_client reads what a system that serves writes. 77: skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."
euccs=${EUCCS:-$PWD/.build/release/euccs}
python=${PYTHON:-.venv/bin/python}
"$python" -c "import prometheus_client" 2>/dev/null || { echo "no prometheus_client: make deps-check"; exit 77; }
folder=$(mktemp -d)
port=$((10000 + RANDOM % 8000))
server=
trap '[ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" || true; }; rm -rf "$folder"' EXIT
"$euccs" admin init --folder "$folder/it" --name Italia --country IT --domain mc.it.example --address 127.0.0.1 \
    --access-port $port --partner-port $((port + 1)) --media-port $((port + 2)) --partner-media-port $((port + 10)) >/dev/null
"$euccs" serve --config "$folder/it/system.yaml" --metrics-file "$folder/euccs.prom" >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
    [ ! -s "$folder/euccs.prom" ] || break
    sleep 0.1
done
[ -s "$folder/euccs.prom" ] || { cat "$folder/log"; exit 1; }
"$python" Trials/metrics/check.py "$folder/euccs.prom"
