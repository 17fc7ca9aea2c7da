#!/usr/bin/env bash
# Runs the unit under a real systemd, as process 1 of namespaces of its own with folders of its own; nothing of the
# machine's is touched. Asks for root. `systemd.sh EUCCS`: the program that stands for the installed one.
set -euo pipefail
program=$(readlink -f "${1:?the program}")
cd "$(dirname "$0")"
[ "$(id -u)" = 0 ] && [ -x /lib/systemd/systemd ] && unshare --pid --fork --mount --cgroup true 2>/dev/null || {
    echo "systemd: skipped, it wants root, namespaces and systemd"
    exit 0
}
work=$(mktemp -d)
log=$work/log
trap 'pkill -KILL -P "$namespaces" || true; wait "$namespaces" 2>/dev/null || true; rm -rf "$work"' EXIT

cat >"$work/first" <<EOF
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/systemd/system/euccs@it.service.d /run/up /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/up,workdir=/run/work /etc
mkdir -p /var/lib/euccs
mount -t tmpfs tmpfs /var/lib/euccs
mount -t tmpfs tmpfs /var/lib/systemd
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
systemd-sysusers $PWD/euccs.sysusers
# The unit sees no /tmp of others, where the program may lie.
mkdir -p /run/program
mount --bind "$(dirname "$program")" /run/program
/run/program/$(basename "$program") admin init --folder /var/lib/euccs/it --name Italia --country IT --domain mc.it.example --address 127.0.0.1
chown -R euccs:euccs /var/lib/euccs
sed "s|/usr/bin/euccs|/run/program/$(basename "$program")|" $PWD/euccs@.service >/run/systemd/system/euccs@.service
# The unit alone: nothing else of this machine is to start there.
printf '[Unit]\nDefaultDependencies=no\nWants=\nAfter=\n' >/run/systemd/system/euccs@it.service.d/alone.conf
printf '[Unit]\nDefaultDependencies=no\nWants=euccs@it.service\n' >/run/systemd/system/trial.target
export container=trial
exec /lib/systemd/systemd --system --unit=trial.target --log-target=console
EOF
timeout -s KILL 120 unshare --fork --pid --mount --ipc --uts --cgroup --net --mount-proc --kill-child \
    bash "$work/first" >"$log" 2>&1 &
namespaces=$!

fail() { echo "systemd: $1" >&2; tail -30 "$log" >&2; exit 1; }
inside() { nsenter -t "$first" -a "$@"; }
property() { inside systemctl show --property "$1" --value euccs@it.service; }
until_is() {
    for _ in $(seq 100); do
        [ "$(property "$1" 2>/dev/null)" = "$2" ] && return
        sleep 0.2
    done
    fail "$1 is $(property "$1"), not $2"
}

for _ in $(seq 100); do
    first=$(pgrep -P "$(pgrep -P "$namespaces" unshare || echo 0)" systemd || true)
    [ -n "$first" ] && break
    sleep 0.2
done
[ -n "$first" ] || fail "it did not start"
until_is ActiveState active
until_is StatusText serves
main=$(property MainPID)

inside systemctl reload euccs@it.service || fail "it cannot be reloaded"
until_is ActiveState active
[ "$(property MainPID)" = "$main" ] || fail "a reload is no restart"

inside kill -KILL "$main"
until_is NRestarts 1
until_is StatusText serves
[ "$(property MainPID)" != "$main" ] || fail "it was not started again"

# A file with mistakes: to start again would make it no better.
inside systemctl stop euccs@it.service
until_is ActiveState inactive
[ "$(property Result)" = success ] || fail "it ended with $(property Result)"
inside sed -i 's/country: IT/country: Italy/' /var/lib/euccs/it/system.yaml
inside systemctl start euccs@it.service 2>/dev/null && fail "it starts with mistakes in its file"
sleep 3
until_is ActiveState failed
[ "$(property NRestarts)" = 0 ] || fail "it is started again and again"
echo "systemd: the unit starts, reloads, comes back after kill -9, stops, and gives up on a file with mistakes" \
    "($(inside systemctl --version | head -1))"
