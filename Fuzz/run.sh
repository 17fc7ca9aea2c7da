#!/bin/bash
# Feeds mutated octets to the codecs, with the address sanitizer looking on.
#
#   Fuzz/run.sh [target ...]     every target in Fuzz/targets where none is named
#
# RUNS      inputs per target (default 1000000)
# SECONDS_LIMIT  wall clock per target before it is killed (default 3600)
#
# What a target learns stays in Fuzz/corpus/<target>; what makes it fail goes to Fuzz/crashers/<target> and is replayed
# by the tests of FuzzTargets ever after. Exit status 1 where a target failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$here/.build
runs=${RUNS:-1000000}
limit=${SECONDS_LIMIT:-3600}
export SWIFT_BACKTRACE=enable=no

command -v swiftc >/dev/null || { echo "swiftc is not on the path" >&2; exit 2; }
pkg-config --exists libxml-2.0 || { echo "libxml2-dev is missing" >&2; exit 2; }
[ -f /usr/include/openssl/evp.h ] || { echo "libssl-dev is missing" >&2; exit 2; }
mkdir -p "$build"

# The package's own build, instrumented; every object of it is linked to each target.
# One flag for both: of two the last would win, and the fuzzer would be blind or the sanitizer away.
instrument=(-Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address)
# Objects of other flags must not be linked: each set of flags has a build folder of its own.
scratch=$build/core-$(printf '%s' "${instrument[*]}" | cksum | cut -d' ' -f1)
swift build --package-path "$here/../Core" --scratch-path "$scratch" --manifest-cache none -c release \
    --target FuzzTargets "${instrument[@]}" >"$build/core.log" 2>&1 || { tail -40 "$build/core.log" >&2; exit 2; }
release=$scratch/release
mapfile -t objects < <(find -L "$release" -path '*.build/*' -name '*.o' | sort)
maps=(-Xcc -fmodule-map-file="$release/CDigest.build/module.modulemap"
    -Xcc -fmodule-map-file="$here/../Core/Sources/CXML/module.modulemap")
for flag in $(pkg-config --cflags libxml-2.0); do maps+=(-Xcc "$flag"); done

if [ $# -eq 0 ]; then
    for file in "$here"/targets/*.swift; do set -- "$@" "$(basename "$file" .swift)"; done
fi

compile() {
    local target=$1
    swiftc -O -swift-version 6 -sanitize=fuzzer,address -parse-as-library -I "$release/Modules" "${maps[@]}" -use-ld=lld \
        -module-name "Fuzz_$target" \
        "$here/targets/$target.swift" "${objects[@]}" \
        -lcrypto $(pkg-config --libs libxml-2.0) -o "$build/fuzz-$target"
}

# Prints at the end, so that targets that run beside each other do not mix their words.
try() {
    local target=$1 log=$build/$1.log status seeds dictionary=()
    mkdir -p "$here/corpus/$target" "$here/crashers/$target" "$build/found/$target"
    seeds=("$here/corpus/$target")
    [ "$target" = sip ] && seeds+=("$here/../Core/Tests/SIPTests/Resources/rfc4475")
    [ -f "$here/dictionaries/$target.dict" ] && dictionary=(-dict="$here/dictionaries/$target.dict")
    timeout -s KILL "$limit" "$build/fuzz-$target" -runs="$runs" -max_len=8192 -timeout=10 -rss_limit_mb=4096 \
        -print_final_stats=1 -artifact_prefix="$here/crashers/$target/" "${dictionary[@]}" \
        "$build/found/$target" "${seeds[@]}" >"$log" 2>&1
    status=$?
    echo "== $target: $runs runs"$'\n'"$(
        grep -E "stat::number_of_executed_units|stat::average_exec_per_sec|SUMMARY|Fatal error" "$log")"
    rmdir "$here/crashers/$target" 2>/dev/null
    if [ $status -ne 0 ]; then
        echo "$target FAILED ($status), see $log"
        return 1
    fi
    # The corpus grows only by inputs that reach new edges: small enough to stand in the repository.
    "$build/fuzz-$target" -set_cover_merge=1 -use_counters=0 "$here/corpus/$target" "${seeds[@]:1}" "$build/found/$target" \
        >>"$log" 2>&1 || { echo "$target: merging the corpus failed"; return 1; }
}

for target; do
    [ -f "$here/targets/$target.swift" ] || { echo "no target $target" >&2; exit 2; }
    compile "$target" || exit 2
done
# One target a processor; each has its own folders.
running=0
failed=0
for target; do
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    try "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit $failed
