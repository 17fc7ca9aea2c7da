#!/usr/bin/env bash
# A disk that is full while calls run, on a file system of its own: calls go on, administration stops, an alarm is raised.
source "$(dirname "$0")/../peers/judge.sh"
need unshare mount
[ "$(id -u)" = 0 ] || skip "a file system of its own wants root"
unshare --mount --propagation private true 2>/dev/null || skip "mount namespaces are not allowed here"
mkdir -p "$WORK/disk"
export WORK
unshare --mount --propagation private bash -c '
    mount -t tmpfs -o size=48m euccs-disk "$WORK/disk" && exec python3 "$0"' "$(dirname "$0")/full_disk.py"
