#!/bin/sh
# The simulation: SEEDS seeds pass every invariant, and each seeded mistake is caught.
sim=${XANH_BUILD:-build/release}/xanh-sim
seeds=${SEEDS:-200}
set -- twice resume stale forget ledger
echo "1..$(($# + 1))"
if out=$("$sim" --seeds "$seeds"); then
	echo "ok 1 - $(printf '%s\n' "$out" | tail -n 1)"
else
	echo "not ok 1 - invariants hold over $seeds seeds"
	printf '%s\n' "$out" | sed 's/^/# /' | tail -n 20
	echo "# replay one with: $sim --seed N --trace"
fi
n=1
for mistake; do
	n=$((n + 1))
	caught=
	seed=1
	while [ $seed -le 60 ] && [ -z "$caught" ]; do
		"$sim" --seed $seed --break "$mistake" >/dev/null || caught=$seed
		seed=$((seed + 1))
	done
	if [ -n "$caught" ]; then
		echo "ok $n - the checks see the mistake '$mistake' (seed $caught)"
	else
		echo "not ok $n - the checks are blind to the mistake '$mistake'"
	fi
done
