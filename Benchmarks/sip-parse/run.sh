#!/bin/bash
# Compares the parsing of an INVITE with libosip2 and sofia-sip in one run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
core=$here/../../Core
build=$here/.build
for library in libosip2 sofia-sip-ua; do
    pkg-config --exists "$library" || {
        echo "$library is missing: apt-get install libosip2-dev libsofia-sip-ua-dev pkg-config" >&2
        exit 2
    }
done
command -v swiftc >/dev/null || { echo "swiftc is not on the path" >&2; exit 2; }
mkdir -p "$build"
clang -O2 $(pkg-config --cflags libosip2) -c "$here/osip.c" -o "$build/osip.o"
clang -O2 $(pkg-config --cflags sofia-sip-ua) -c "$here/sofia.c" -o "$build/sofia.o"
clang -O2 -I "$core/Sources/CDigest/include" -c "$core/Sources/CDigest/digest.c" -o "$build/digest.o"
cat >"$build/CDigest.modulemap" <<EOF
module CDigest { header "$core/Sources/CDigest/include/CDigest.h" export * }
EOF
flags=(-O -swift-version 6 -I "$build" -Xcc -fmodule-map-file="$build/CDigest.modulemap"
    -Xcc -fmodule-map-file="$here/module.modulemap" -enable-upcoming-feature ExistentialAny
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility)
for name in MCFoundation SIP; do
    find "$core/Sources/$name" -name '*.swift' -print0 | sort -z | xargs -0 swiftc "${flags[@]}" -wmo -parse-as-library \
        -c -module-name "$name" -emit-module -emit-module-path "$build/$name.swiftmodule" -o "$build/$name.o"
done
swiftc "${flags[@]}" "$here/main.swift" "$build"/{MCFoundation,SIP,digest,osip,sofia}.o -lcrypto \
    $(pkg-config --libs libosip2 sofia-sip-ua) -o "$build/sip-parse"
exec "$build/sip-parse" "$here/invite.sip"
