#include "orchestrator/core/ledger_estimate.h"

#include <assert.h>

#include "orchestrator/core/attribution.h"
#include "orchestrator/core/curve.h"

static int64_t
part(int64_t whole, int64_t count, int64_t of)
{
	return (int64_t)((xn_register)whole * count / of);
}

void
xn_ledger_expect(struct xn_core *core)
{
	xn_duration span = xn_since(core->now, core->expected_at);
	bool first = core->expected_at.ms == 0;

	core->expected_at = core->now;
	if (first) {
		core->expected_since = core->now;
		return;
	}
	for (uint32_t h = 0; h < core->topology->host_count; h++) {
		struct xn_host *host = &core->hosts[h];
		xn_energy energy;

		/* Of a host that does not answer nothing is known, not even that it runs. */
		if (host->up && host->listed &&
		    xn_energy_over(xn_curve_watts(host, host->used_millicores), span, &energy))
			host->expected[core->slot].mj += energy.mj;
	}
}

static void
owe(struct xn_core *core, uint32_t meter, xn_energy energy, xn_energy own, xn_duration missing)
{
	struct xn_owed *owed = &core->meters[meter].owed;

	if (owed->end.ms != core->closing.start.ms)
		*owed = (struct xn_owed){.start = core->closing.start};
	owed->end = core->closing.end;
	owed->left.energy.mj += energy.mj;
	owed->left.estimated.mj += own.mj;
	owed->missing.ms += missing.ms;
}

/* Time of the closing interval of which something could be known: of none before the first tick. */
static xn_duration
known_span(const struct xn_core *core)
{
	xn_instant start = core->closing.start;

	if (core->expected_since.ms > start.ms)
		start = core->expected_since;
	if (core->closing.end.ms <= start.ms)
		return (xn_duration){0};
	return xn_since(core->closing.end, start);
}

static xn_duration
missing(const struct xn_core *core, uint32_t meter)
{
	xn_duration span = known_span(core);
	xn_duration covered = core->meters[meter].slots[core->closing.slot].covered;

	/* Less than a meter may be silent is within its reading's error. */
	if (covered.ms + core->topology->fresh.ms >= span.ms)
		return (xn_duration){0};
	return (xn_duration){.ms = span.ms - covered.ms};
}

static void
estimate_host(struct xn_core *core, uint32_t host)
{
	uint32_t slot = core->closing.slot;
	int64_t span_ms = known_span(core).ms > 0 ? known_span(core).ms : 1;
	int64_t before = core->hosts[host].slots[slot].energy.mj;
	struct xn_tally sum = {.grade = XN_GRADE_ESTIMATED};
	int64_t outlets = 0, own;

	for (uint32_t m = core->hosts[host].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_host)
		outlets++;
	for (uint32_t m = core->hosts[host].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_host) {
		core->meters[m].estimate.mj = part(
		    core->hosts[host].expected[slot].mj, missing(core, m).ms, outlets * span_ms);
		sum.energy.mj += core->meters[m].estimate.mj;
	}
	assert(sum.energy.mj >= 0); /* invariant 1 */
	if (sum.energy.mj == 0)
		return;
	sum.estimated = sum.energy;
	xn_attribution_energy(core, host, slot, &sum);
	own = core->hosts[host].slots[slot].energy.mj - before;
	for (uint32_t m = core->hosts[host].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_host)
		if (core->meters[m].estimate.mj > 0)
			owe(core, m, core->meters[m].estimate,
			    (xn_energy){part(own, core->meters[m].estimate.mj, sum.energy.mj)},
			    missing(core, m));
}

void
xn_ledger_estimate(struct xn_core *core)
{
	for (uint32_t h = 0; h < core->topology->host_count; h++)
		estimate_host(core, h);
}

struct xn_instead
xn_ledger_settle(
    struct xn_core *core, uint32_t meter, xn_instant start, xn_instant end, xn_duration covered)
{
	struct xn_owed *owed = &core->meters[meter].owed;
	int64_t from_ms = start.ms > owed->start.ms ? start.ms : owed->start.ms;
	int64_t to_ms = end.ms < owed->end.ms ? end.ms : owed->end.ms;
	struct xn_instead instead;
	int64_t told_ms;

	if (from_ms >= to_ms || owed->missing.ms == 0)
		return (struct xn_instead){0};
	told_ms = part(covered.ms, to_ms - from_ms, end.ms - start.ms);
	if (told_ms > owed->missing.ms)
		told_ms = owed->missing.ms;
	instead.energy.mj = part(owed->left.energy.mj, told_ms, owed->missing.ms);
	instead.estimated.mj = part(owed->left.estimated.mj, told_ms, owed->missing.ms);
	owed->left.energy.mj -= instead.energy.mj;
	owed->left.estimated.mj -= instead.estimated.mj;
	owed->missing.ms -= told_ms;
	assert(owed->left.energy.mj >= 0); /* invariant 2 */
	return instead;
}
