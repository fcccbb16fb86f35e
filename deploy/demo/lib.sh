# shellcheck shell=sh
# What the demo's scripts share; read with `.`.
#
#   XANH_CACHE   what is kept between runs: guest payload, QEMU capability cache
#   XANH_NET     first three numbers of the fixture's network, /24
#   XANH_PREFIX  begins the names of its namespaces, veths and bridge; at most 4 letters

XANH_CACHE=${XANH_CACHE:-/var/cache/xanh-demo}
XANH_NET=${XANH_NET:-10.77.0}
XANH_PREFIX=${XANH_PREFIX:-xd}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
	say "$@"
	exit 1
}

# wait_for SECONDS COMMAND...: until the command succeeds, ten tries a second.
wait_for() {
	left=$(($1 * 10))
	shift
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.1
	done
}

# pid_is PID NAME: a process that lives and runs a program of this name (a dead one that no one has
# collected has no program), not one that was given a stale number.
pid_is() {
	[ -n "$1" ] || return 1
	program=$(readlink "/proc/$1/exe" 2>/dev/null) || return 1
	case ${program##*/} in "$2"*) return 0 ;; esac
	return 1
}

gone() { ! pid_is "$1" "$2"; }

# end_pid FILE NAME SECONDS: ends the process whose number is in FILE, gently, then not.
end_pid() {
	[ -r "$1" ] || return 0
	pid=$(cat "$1")
	if pid_is "$pid" "$2"; then
		kill "$pid" 2>/dev/null || :
		wait_for "$3" gone "$pid" "$2" || kill -9 "$pid" 2>/dev/null || :
		wait_for 5 gone "$pid" "$2" || say "process $pid ($2) does not end"
	fi
	rm -f "$1"
}
