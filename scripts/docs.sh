#!/usr/bin/env bash
# The public declarations of Core as symbol graphs with their comments, for any DocC reader.
set -euo pipefail
cd "$(dirname "$0")/../Core"
swift package dump-symbol-graph --minimum-access-level public
