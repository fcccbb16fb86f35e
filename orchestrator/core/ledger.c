#include "orchestrator/core/ledger.h"

#include <assert.h>
#include <stdio.h>

#include "orchestrator/core/inventory.h"

static const enum xn_meter_role source_roles[] = {
    XN_METER_GRID, XN_METER_PV, XN_METER_BATTERY, XN_METER_GENERATOR};
static const enum xn_account source_accounts[] = {
    XN_ACCOUNT_GRID, XN_ACCOUNT_PV, XN_ACCOUNT_BATTERY, XN_ACCOUNT_GENERATOR};

#define SOURCES 4

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

/* ---- sums over meters ---- */

struct sum {
	int64_t mj, estimated_mj, covered_ms;
	uint32_t meters;
};

static void
add_meter(const struct xn_core *core, uint32_t meter, struct sum *sum)
{
	const struct xn_meter *row = &core->meters[meter];

	sum->mj += row->closing_booked.mj;
	sum->estimated_mj += row->closing_estimated.mj;
	sum->covered_ms += row->closing_covered.ms;
	sum->meters++;
}

static struct sum
sum_role(const struct xn_core *core, enum xn_meter_role role)
{
	struct sum sum = {0};

	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		if (core->topology->meters[m].role == role)
			add_meter(core, m, &sum);
	return sum;
}

static struct sum
sum_rack(const struct xn_core *core, uint32_t rack, enum xn_meter_role role)
{
	struct sum sum = {0};

	for (uint32_t m = core->racks[rack].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_rack)
		if (core->topology->meters[m].role == role &&
		    (role != XN_METER_OUTLET || core->topology->meters[m].host != XN_NONE))
			add_meter(core, m, &sum);
	return sum;
}

static struct sum
sum_host(const struct xn_core *core, uint32_t host)
{
	struct sum sum = {0};

	for (uint32_t m = host == XN_NONE ? XN_NONE : core->hosts[host].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_host)
		add_meter(core, m, &sum);
	return sum;
}

/* ---- rows ---- */

static void
row(struct xn_core *core, struct xn_actions *actions, enum xn_account account, uint32_t subject,
    const char *name, int64_t mj, struct sum sum)
{
	struct xn_action *action = xn_act(actions, XN_ACT_LEDGER);
	int64_t span_ms = xn_since(core->closing_end, core->closing_start).ms;

	action->ledger.start = core->closing_start;
	action->ledger.end = core->closing_end;
	action->ledger.account = account;
	action->ledger.subject = subject;
	snprintf(action->ledger.name, sizeof(action->ledger.name), "%s", name);
	action->ledger.energy.mj = mj;
	action->ledger.estimated.mj = sum.estimated_mj;
	action->ledger.covered.ms = sum.covered_ms;
	action->ledger.span.ms = span_ms * sum.meters;
	action->ledger.grade = sum.estimated_mj > 0 ? XN_GRADE_ESTIMATED : XN_GRADE_MEASURED;
	if (account != XN_ACCOUNT_METER)
		core->closing_sum.mj += mj;
}

static void
site_rows(struct xn_core *core, struct xn_actions *actions)
{
	struct sum cooling = sum_role(core, XN_METER_COOLING);

	for (int s = 0; s < SOURCES; s++) {
		struct sum sum = sum_role(core, source_roles[s]);

		if (sum.meters > 0)
			row(core, actions, source_accounts[s], XN_NONE, core->topology->site,
			    sum.mj, sum);
	}
	if (cooling.meters > 0)
		row(core, actions, XN_ACCOUNT_COOLING, XN_NONE, core->topology->site, -cooling.mj,
		    cooling);
}

static void
rack_row(struct xn_core *core, struct xn_actions *actions, uint32_t rack)
{
	struct sum feeds = sum_rack(core, rack, XN_METER_FEED);
	struct sum outlets = sum_rack(core, rack, XN_METER_OUTLET);

	/* Outlets above their feed are a fault of a meter; the balance shows it as unexplained. */
	if (feeds.mj > outlets.mj)
		row(core, actions, XN_ACCOUNT_RACK_OTHER, rack, core->topology->racks[rack].name,
		    outlets.mj - feeds.mj, feeds);
}

static void
host_row(struct xn_core *core, struct xn_actions *actions, uint32_t host)
{
	if (core->hosts[host].closing_remainder.mj != 0)
		row(core, actions, XN_ACCOUNT_HOST, host, core->topology->hosts[host].name,
		    -core->hosts[host].closing_remainder.mj, sum_host(core, host));
}

static void
vm_row(struct xn_core *core, struct xn_actions *actions, uint32_t vm)
{
	if (core->vms[vm].closing_energy.mj != 0)
		row(core, actions, XN_ACCOUNT_VM, vm, core->vms[vm].facts.name,
		    -core->vms[vm].closing_energy.mj, sum_host(core, core->vms[vm].host));
	core->vms[vm].closing_energy.mj = 0;
}

static void
meter_row(struct xn_core *core, struct xn_actions *actions, uint32_t meter)
{
	struct sum sum = {0};

	if (core->topology->meters[meter].role == XN_METER_INLET)
		return;
	add_meter(core, meter, &sum);
	row(core, actions, XN_ACCOUNT_METER, meter, core->topology->meters[meter].name, sum.mj,
	    sum);
}

static void
last_rows(struct xn_core *core, struct xn_actions *actions)
{
	int64_t sources = 0, losses;
	struct sum none = {0};

	for (int s = 0; s < SOURCES; s++)
		sources += sum_role(core, source_roles[s]).mj;
	losses = core->closing_sum.mj;
	if (losses > sources / 1000 * XN_LEDGER_LOSSES_PPM / 1000)
		losses = sources / 1000 * XN_LEDGER_LOSSES_PPM / 1000;
	if (losses > 0)
		row(core, actions, XN_ACCOUNT_LOSSES, XN_NONE, core->topology->site, -losses, none);
	core->unexplained.ppm = 0;
	if (sources > 0)
		core->unexplained.ppm =
		    (core->closing_sum.mj < 0 ? -core->closing_sum.mj : core->closing_sum.mj) /
		    (sources / 1000000 > 0 ? sources / 1000000 : 1);
	row(core, actions, XN_ACCOUNT_UNEXPLAINED, XN_NONE, core->topology->site,
	    -core->closing_sum.mj, none);
	assert(core->closing_sum.mj == 0); /* invariant 1 */
}

/* ---- closing ---- */

static void
begin(struct xn_core *core)
{
	core->closing = true;
	core->closing_start = core->interval_start;
	core->closing_end =
	    aligned(core, core->now); /* later than one interval after a standstill */
	core->closing_cursor = 0;
	core->closing_sum.mj = 0;
	core->interval_start = core->closing_end;
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
	}
}

/* The rows at one place of the interval's list: the site, racks, hosts, VMs, meters, the rest. */
static bool
rows_at(struct xn_core *core, struct xn_actions *actions, uint32_t place)
{
	if (place == 0) {
		site_rows(core, actions);
		return true;
	}
	place--;
	if (place < core->topology->rack_count) {
		rack_row(core, actions, place);
		return true;
	}
	place -= core->topology->rack_count;
	if (place < core->topology->host_count) {
		host_row(core, actions, place);
		return true;
	}
	place -= core->topology->host_count;
	if (place < core->vm_capacity) {
		if (place < core->vm_count)
			vm_row(core, actions, place);
		return true;
	}
	place -= core->vm_capacity;
	if (place < core->topology->meter_count) {
		meter_row(core, actions, place);
		return true;
	}
	last_rows(core, actions);
	return false;
}

void
xn_ledger_advance(struct xn_core *core, struct xn_actions *actions)
{
	if (core->interval_start.ms == 0)
		core->interval_start = aligned(core, core->now);
	if (!core->booted || core->storage_full)
		return; /* nothing leaves or can be kept; the interval stays open */
	if (!core->closing &&
	    xn_since(core->now, core->interval_start).ms >= core->topology->interval.ms)
		begin(core);
	while (core->closing && actions->count < XN_LEDGER_ROWS_PER_STEP)
		if (!rows_at(core, actions, core->closing_cursor++)) {
			core->closing = false;
			xn_inventory_forget(core);
		}
}

xn_instant
xn_ledger_next(const struct xn_core *core)
{
	if (core->closing && !core->storage_full)
		return core->now;
	return xn_after(core->interval_start, core->topology->interval);
}
