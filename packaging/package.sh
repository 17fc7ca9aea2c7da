#!/usr/bin/env bash
# Builds .build/package/euccs_VERSION_ARCHITECTURE.deb from the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=.build/release/euccs
[ -x "$binary" ] || { echo "package: no $binary: run make package" >&2; exit 1; }
version=$(packaging/version.sh)-1
# Whoever publishes packages says who answers for them.
maintainer=${MAINTAINER:-The EUCCS contributors <euccs@mc.example>}
# One time for all files, so that the same commit gives the same package.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date -r CHANGELOG.md +%s)}
architecture=$(dpkg --print-architecture)
out=.build/package
tree=$out/tree
rm -rf "$out"
mkdir -p "$tree"/{DEBIAN,usr/bin,usr/lib/euccs,usr/lib/systemd/system,usr/lib/sysusers.d,usr/share/doc/euccs/examples}
mkdir -p "$tree"/usr/share/lintian/overrides

# The program and the libraries of Swift beside each other; everything else is Debian's.
install -m 755 "$binary" "$tree/usr/lib/euccs/euccs"
ln -s ../lib/euccs/euccs "$tree/usr/bin/euccs"
runtime=$(dirname "$(ldd "$binary" | awk '$1 == "libswiftCore.so" { print $3 }')")
[ -f "$runtime/libswiftCore.so" ] || { echo "package: no Swift runtime found" >&2; exit 1; }
ldd "$binary" | awk -v runtime="$runtime/" 'index($3, runtime) == 1 { print $3 }' | while read -r library; do
    install -m 644 "$library" "$tree/usr/lib/euccs/"
done
strip --strip-unneeded "$tree"/usr/lib/euccs/*
for file in "$tree"/usr/lib/euccs/*; do patchelf --set-rpath '$ORIGIN' "$file"; done

install -m 644 packaging/euccs@.service "$tree/usr/lib/systemd/system/euccs@.service"
install -m 644 packaging/euccs.sysusers "$tree/usr/lib/sysusers.d/euccs.conf"
documents=$tree/usr/share/doc/euccs
install -m 644 packaging/debian/copyright "$documents/copyright"
install -m 644 docs/example/*.yaml "$documents/examples/"
gzip -9nc LICENSE >"$documents/LICENSE.gz"
gzip -9nc HANDBOOK.md >"$documents/HANDBOOK.md.gz"
gzip -9nc CHANGELOG.md >"$documents/changelog.gz"
{
    printf 'euccs (%s) unstable; urgency=medium\n\n  * What changed stands in changelog.gz.\n\n' "$version"
    printf ' -- %s  %s\n' "$maintainer" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9nc >"$documents/changelog.Debian.gz"
license=$runtime/../../../share/swift/LICENSE.txt
[ -f "$license" ] || { echo "package: the toolchain has no licence text at $license" >&2; exit 1; }
gzip -9nc "$license" >"$documents/LICENSE.swift.gz"
install -m 644 packaging/debian/lintian-overrides "$tree/usr/share/lintian/overrides/euccs"
find "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# What Debian has is depended on with the versions that this machine built against.
mkdir -p "$out/debian"
printf 'Source: euccs\nMaintainer: EUCCS <euccs@mc.example>\n\nPackage: euccs\nArchitecture: any\n' >"$out/debian/control"
depends=$(cd "$out" && dpkg-shlibdeps --warnings=0 -O -ltree/usr/lib/euccs -e tree/usr/lib/euccs/euccs \
    $(printf -- '-e%s ' tree/usr/lib/euccs/*.so) 2> >(grep -v "can't extract name" >&2) | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { echo "package: dpkg-shlibdeps found no dependencies" >&2; exit 1; }
size=$(du -sk "$tree/usr" | cut -f1)
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s|@SIZE@|$size|" \
    -e "s|@MAINTAINER@|$maintainer|" -e "s|@DEPENDS@|$depends, adduser|" packaging/debian/control.in >"$tree/DEBIAN/control"
install -m 755 packaging/debian/postinst packaging/debian/postrm "$tree/DEBIAN/"
(cd "$tree" && find usr -type f -exec md5sum {} + | LC_ALL=C sort -k 2) >"$tree/DEBIAN/md5sums"
chmod 644 "$tree/DEBIAN/md5sums" "$tree/DEBIAN/control"
dpkg-deb --root-owner-group --build -Zxz "$tree" "$out/euccs_${version}_$architecture.deb" >/dev/null
echo "$out/euccs_${version}_$architecture.deb"
