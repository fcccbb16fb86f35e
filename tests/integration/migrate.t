#!/bin/sh
# Migrations that break between two real libvirt hosts: aborts, and daemons killed in mid-copy and at the
# hand-over. The stories are in tests/unit/virt_broken_test.c; here are the hosts for them.
set -u
cd "$(dirname "$0")/../.." || exit 1

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip "migrate: needs root (network namespaces, libvirtd)"
for program in libvirtd virsh qemu-system-x86_64 ip tc; do
	command -v $program >/dev/null || skip "migrate: $program is not installed (deploy/install-deps)"
done
unshare -n -m true 2>/dev/null || skip "migrate: this machine does not let root make namespaces"
test=${XANH_BUILD:-build/release}/tests/unit/virt_broken_test
[ -x "$test" ] || skip "migrate: $test is not built"

export XANH_NET=10.78.7 XANH_PREFIX=xtm
base=$(mktemp -d "${TMPDIR:-/tmp}/xanh-migrate.XXXXXX")
finish() {
	deploy/demo/hosts down "$base"
	rm -rf "$base"
}
trap finish EXIT
trap 'exit 1' INT TERM

{
	deploy/demo/hosts up "$base" 2 &&
		deploy/demo/hosts guest "$base" h1 mover aaaaaaaa-0000-4000-8000-000000000003 5 movable=yes &&
		tc qdisc replace dev vxtmh2 root tbf rate 80mbit burst 64k latency 300ms
} >"$base/out" 2>&1 || {
	sed 's/^/# /' "$base/out"
	echo "1..1"
	echo "not ok 1 - two libvirt hosts with a guest"
	exit 1
}

sleep 4 # the guests' init must be past its first seconds, or a tick's order means nothing
XANH_TEST_HOSTS="qemu+tcp://$XANH_NET.1/system qemu+tcp://$XANH_NET.2/system" \
	XANH_TEST_BASE=$base XANH_TEST_TOOL=deploy/demo/hosts \
	CMOCKA_MESSAGE_OUTPUT=TAP "$test" >"$base/tap" 2>"$base/errors"
status=$?
grep -v '^1\.\.' "$base/tap"
sed 's/^/# /' "$base/errors"
count=$(grep -cE '^(not )?ok ' "$base/tap")

count=$((count + 1))
if [ "$status" -eq 0 ]; then
	echo "ok $count - all stories were told to the end"
else
	echo "not ok $count - the stories ended with $status"
fi
count=$((count + 1))
if awk '/^tick/ { if (seen && $2 <= last) exit 1; last = $2; seen = 1 } END { exit !seen }' \
	"$base/serial/mover.log"; then
	echo "ok $count - the guest ticked on through all of it, and never twice"
else
	echo "not ok $count - the guest ticked on through all of it, and never twice"
fi
echo "1..$count"
