#!/bin/sh
# The fixture itself: two libvirt hosts, one guest that migrates live between them, nothing left behind.
set -u
cd "$(dirname "$0")/../.." || exit 1

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip "hosts: needs root (network namespaces, libvirtd)"
for program in libvirtd virsh qemu-system-x86_64 ip; do
	command -v $program >/dev/null || skip "hosts: $program is not installed (deploy/install-deps)"
done
unshare -n -m true 2>/dev/null || skip "hosts: this machine does not let root make namespaces"

export XANH_NET=10.78.9 XANH_PREFIX=xth
base=$(mktemp -d "${TMPDIR:-/tmp}/xanh-hosts.XXXXXX")
simdev=${XANH_BUILD:-build/release}/simdev
simdev_pid=
finish() {
	[ -z "$simdev_pid" ] || kill "$simdev_pid"
	deploy/demo/hosts down "$base"
	[ ! -d "$base/again" ] || deploy/demo/hosts down "$base/again"
	rm -rf "$base"
}
trap finish EXIT
trap 'exit 1' INT TERM

number=0
ok() { # ok NAME COMMAND...: the command's success is the test's
	number=$((number + 1))
	name=$1
	shift
	if "$@" >"$base/out" 2>&1; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$base/out"
	fi
}

skip_one() {
	number=$((number + 1))
	echo "ok $number - $1"
}

hosts() { deploy/demo/hosts "$@"; }
on() { virsh -q -c "qemu+tcp://$XANH_NET.$1/system" domstate portal --reason; }
last_tick() { sed -n 's/^tick \([0-9]*\) .*/\1/p' "$log" | tail -n 1; }
ticks_beyond() { # ticks_beyond N SECONDS
	i=0
	while [ "$(last_tick || :)" = '' ] || [ "$(last_tick)" -le "$1" ]; do
		i=$((i + 1))
		[ $i -lt $(($2 * 10)) ] || return 1
		sleep 0.1
	done
}
strictly_increasing() {
	awk '/^tick/ { if (seen && $2 <= last) { print "tick", $2, "after", last; exit 1 } last = $2; seen = 1 }
		END { exit !seen }' "$log"
}
migrate() {
	timeout 60 virsh -q -c "qemu+tcp://$XANH_NET.$1/system" migrate --live --p2p --persistent \
		--undefinesource --abort-on-error portal "qemu+tcp://$2/system"
}
lists_two() { [ "$(/usr/bin/python3 -c 'import json,sys; print(len(json.load(open(sys.argv[1]))))' \
	"$base/hosts.json")" = 2 ]; }
running_on() { on "$1" | grep -q '^running'; }
absent_on() { ! on "$1"; }
labelled() { virsh -q -c "qemu+tcp://$XANH_NET.$1/system" metadata portal https://xanh.vn/vm/1 | grep -q 'platform="dvc"'; }
kill_daemon() { kill -9 "$(cat "$base/$1/run/libvirt/libvirtd.pid")"; }
start_simdev() {
	printf '%s\n' "base $base" "control $base/ctl" 'host h1 idle=60W full=160W' 'host h2 idle=60W full=160W' >"$base/simdev.conf"
	"$simdev" "$base/simdev.conf" 2>"$base/simdev.log" &
	simdev_pid=$!
	sleep 6
	[ -S "$base/ctl" ]
}
watts() { "$simdev" ctl "$base/ctl" get "$1" realpower; }
works() { # works HOST: a fifth busy, whatever else this machine does meanwhile
	echo "$1 $(watts "$1") W"
	watts "$1" | awk '{ exit !($1 > 70 && $1 < 110) }'
}
idles() {
	echo "$1 $(watts "$1") W"
	watts "$1" | awk '{ exit !($1 < 62) }'
}
watts_are_on() { # watts_are_on HOST OTHER
	works "$1" && idles "$2"
}
nothing_left() {
	! ip netns list | grep "^$XANH_PREFIX" && ! ip link show | grep ": v*${XANH_PREFIX}" &&
		! ls -d "$base"/again/h[0-9]* 2>/dev/null
}

echo 1..20
log=$base/serial/portal.log
ok "two hosts come up" hosts up "$base" 2
ok "hosts.json lists both" lists_two
ok "a guest starts on h1" hosts guest "$base" h1 portal aaaaaaaa-0000-4000-8000-000000000009 20 \
	platform=dvc agency=mst movable=yes
ok "it ticks" ticks_beyond 1 40
ok "its labels are in its metadata" labelled 1
if [ -x "$simdev" ]; then
	ok "the device simulator starts" start_simdev
	ok "the guest's watts are on h1" watts_are_on h1 h2
else
	skip_one "the device simulator starts # SKIP $simdev is not built"
	skip_one "the guest's watts are on h1 # SKIP $simdev is not built"
fi
ok "it migrates live to h2, by that name" migrate 1 h2
ok "it runs on h2" running_on 2
ok "it is no longer on h1" absent_on 1
ok "its labels moved along" labelled 2
ok "it goes on ticking" ticks_beyond "$(last_tick)" 20
if [ -n "$simdev_pid" ]; then
	sleep 5
	ok "its watts have moved to h2" watts_are_on h2 h1
else
	skip_one "its watts have moved to h2 # SKIP $simdev is not built"
fi
ok "and back, by the address" migrate 2 "$XANH_NET.1"
ok "it goes on ticking there" ticks_beyond "$(last_tick)" 20
ok "no tick came twice: one copy ran at a time" strictly_increasing
kill_daemon h1
# shellcheck disable=SC2016 # the inner shell expands its own arguments
ok "a killed daemon comes back and finds its guest running" sh -c '
	deploy/demo/hosts restart "$1" h1 && virsh -q -c "qemu+tcp://$2.1/system" domstate portal | grep -q running' \
	sh "$base" "$XANH_NET"
guest_pid=$(cat "$base/h1/run/libvirt/qemu/portal.pid")
# shellcheck disable=SC2016
ok "a next run clears what this one would leave if it crashed" sh -c '
	deploy/demo/hosts up "$1/again" 1 && [ ! -e "/proc/$2/exe" ]' sh "$base" "$guest_pid"
ok "down ends everything" hosts down "$base/again"
rm -rf "$base"/h[0-9]*
ok "no namespace, link or folder is left" nothing_left
