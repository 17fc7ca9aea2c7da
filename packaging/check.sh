#!/usr/bin/env bash
# Unpacks the package into a folder of its own and runs what is in it; asks lintian and systemd where they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
package=${1:-$(ls .build/package/euccs_*.deb)}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
dpkg-deb --extract "$package" "$root"
euccs=$root/usr/bin/euccs

# Nothing of a toolchain may be needed: every library of Swift is the one in the package.
# (ldd looks beside the path that it is given, the program beside what the link points to.)
strangers=$(env -u LD_LIBRARY_PATH ldd "$(readlink -f "$euccs")" \
    | awk -v own="$root/" '/not found/ || (/libswift|Foundation|libdispatch|BlocksRuntime/ && index($3, own) != 1)')
[ -z "$strangers" ] || { echo "check: libraries from elsewhere: $strangers" >&2; exit 1; }

version=$("$euccs" --version)
[ -n "$version" ] || { echo "check: no version" >&2; exit 1; }
"$euccs" admin init --folder "$root/it" --name Italia --country IT --domain mc.it.example --address 127.0.0.1
"$euccs" serve --check --config "$root/it/system.yaml"
"$euccs" admin certificate check --config "$root/it/system.yaml"
for field in Version Depends Installed-Size; do
    [ -n "$(dpkg-deb --field "$package" $field)" ] || { echo "check: no $field" >&2; exit 1; }
done

if command -v systemd-analyze >/dev/null; then
    # The unit names the installed program; here it stands in the scratch root.
    sed "s|/usr/bin/euccs|$euccs|" packaging/euccs@.service >"$root/euccs@it.service"
    complaints=$(systemd-analyze verify --man=no "$root/euccs@it.service" 2>&1 | grep "euccs@it.service" || true)
    [ -z "$complaints" ] || { echo "check: $complaints" >&2; exit 1; }
    packaging/systemd.sh "$euccs"
else
    echo "check: skipped systemd-analyze, which is not here"
fi
if command -v lintian >/dev/null; then
    lintian --fail-on error "$package"
else
    echo "check: skipped lintian, which is not here (packaging/deps.sh)"
fi
echo "check: $package is in order ($version)"
