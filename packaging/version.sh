#!/usr/bin/env bash
# The version for Debian: the newest release of the changelog; before it, and after it, with the commit that is built.
set -euo pipefail
cd "$(dirname "$0")/.."
release=$(sed -n 's/^## \[\([0-9][0-9.]*\)\].*/\1/p' CHANGELOG.md | head -1)
release=${release:-0.0.0}
# A source archive has no history and is of a release.
if ! git rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
    echo "$release"
elif git tag --points-at HEAD | grep -qx "v$release"; then
    echo "$release"
else
    echo "$release+git$(git log -1 --format=%cd --date=format:%Y%m%d%H%M).$(git rev-parse --short=8 HEAD)"
fi
