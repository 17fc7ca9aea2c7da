#!/usr/bin/env bash
# Programs that nobody here wrote, and hostile ones, judge a running system. One line a judge:
#   peers: NAME: passed | FAILED | skipped (why)
# Ends with 1 if one failed. `run.sh NAME...` asks only those; KEEP=1 keeps what they wrote.
set -uo pipefail
cd "$(dirname "$0")"
declare -A judges=(
    [dissector]=dissector.sh [sipp]=sipp/sipp.sh [telephone]=telephone.sh [hostile]=hostile.sh
    [partner-loss]=partner-loss.sh [login]=login.sh [provider]=provider.sh [metrics]=../metrics/run.sh
    [administration]=../openapi/judge.sh
)
order=(dissector sipp telephone hostile partner-loss login provider metrics administration)
[ $# -gt 0 ] && order=("$@")
failed=0 skipped=0 passed=0
said=$(mktemp)
asked=
trap 'rm -f "$said"' EXIT
# Who interrupts us means the judge that is at work too; it ends what it started.
trap '[ -z "$asked" ] || { kill "$asked" 2>/dev/null; wait "$asked"; }; exit 130' INT TERM
for name in "${order[@]}"; do
    script=${judges[$name]:-}
    if [ -z "$script" ]; then
        echo "peers: $name: FAILED (no such judge: ${!judges[*]})"
        failed=$((failed + 1))
        continue
    fi
    timeout --kill-after=20 "${LIMIT:-420}" "./$script" >"$said" 2>&1 &
    asked=$!
    wait "$asked"
    verdict=$?
    asked=
    case $verdict in
        0)
            sed 's/^/    /' "$said"
            echo "peers: $name: passed"
            passed=$((passed + 1))
            ;;
        77)
            echo "peers: $name: skipped ($(tail -1 "$said"))"
            skipped=$((skipped + 1))
            ;;
        *)
            tail -60 "$said" | sed 's/^/    /'
            echo "peers: $name: FAILED"
            failed=$((failed + 1))
            ;;
    esac
done
echo "peers: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
