#include "orchestrator/core/ledger.h"

#include "orchestrator/core/inventory.h"
#include "orchestrator/core/ledger_rows.h"

static xn_instant
aligned(const struct xn_core *core, xn_instant at)
{
	int64_t offset_ms = (int64_t)core->topology->utc_offset_s * 1000;
	int64_t local = at.ms + offset_ms;
	int64_t into = local % core->topology->interval.ms;

	if (into < 0)
		into += core->topology->interval.ms;
	return (xn_instant){.ms = at.ms - into};
}

/* ---- closing ---- */

static void
begin(struct xn_core *core)
{
	core->closing.active = true;
	core->closing.start = core->interval_start;
	core->closing.end =
	    aligned(core, core->now); /* later than one interval after a standstill */
	core->closing.cursor = 0;
	core->closing.vms = core->vm_count;
	core->interval_start = core->closing.end;
	for (uint32_t m = 0; m < core->topology->meter_count; m++) {
		struct xn_meter *meter = &core->meters[m];

		meter->closing_booked = meter->interval_booked;
		meter->closing_covered = meter->interval_covered;
		meter->closing_estimated = meter->interval_estimated;
		meter->interval_booked.mj = meter->interval_estimated.mj = 0;
		meter->interval_covered.ms = 0;
	}
	for (uint32_t h = 0; h < core->topology->host_count; h++) {
		core->hosts[h].closing_remainder = core->hosts[h].interval_remainder;
		core->hosts[h].interval_remainder.mj = 0;
	}
	for (uint32_t v = 0; v < core->vm_count; v++) {
		core->vms[v].closing_energy = core->vms[v].interval_energy;
		core->vms[v].interval_energy.mj = 0;
		core->vms[v].closing_host = core->vms[v].host;
	}
	xn_ledger_prepare(core);
}

void
xn_ledger_advance(struct xn_core *core, struct xn_actions *actions)
{
	if (core->interval_start.ms == 0)
		core->interval_start = aligned(core, core->now);
	if (!core->booted || core->storage_full)
		return; /* nothing leaves or can be kept; the interval stays open */
	if (!core->closing.active &&
	    xn_since(core->now, core->interval_start).ms >= core->topology->interval.ms)
		begin(core);
	while (core->closing.active && actions->count < XN_LEDGER_ROWS_PER_STEP)
		if (!xn_ledger_rows(core, actions, core->closing.cursor++)) {
			core->closing.active = false;
			xn_inventory_forget(core);
		}
}

xn_instant
xn_ledger_next(const struct xn_core *core)
{
	if (core->closing.active && !core->storage_full)
		return core->now;
	return xn_after(core->interval_start, core->topology->interval);
}
