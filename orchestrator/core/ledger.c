#include "orchestrator/core/ledger.h"

#include <assert.h>

#include "orchestrator/core/attribution.h"
#include "orchestrator/core/inventory.h"
#include "orchestrator/core/ledger_estimate.h"
#include "orchestrator/core/ledger_late.h"
#include "orchestrator/core/ledger_rows.h"

xn_instant
xn_ledger_aligned(const struct xn_core *core, xn_instant at)
{
	int64_t offset_ms = (int64_t)core->topology->utc_offset_s * 1000;
	int64_t local = at.ms + offset_ms;
	int64_t into = local % core->topology->interval.ms;

	if (into < 0)
		into += core->topology->interval.ms;
	return (xn_instant){.ms = at.ms - into};
}

xn_instant
xn_ledger_open_since(const struct xn_core *core)
{
	return core->previous_open ? core->previous_start : core->interval_start;
}

static uint32_t
previous_slot(const struct xn_core *core)
{
	return (core->slot + XN_SLOTS - 1) % XN_SLOTS;
}

/* ---- booking ---- */

void
xn_tally_add(struct xn_tally *sum, const struct xn_tally *part)
{
	sum->energy.mj += part->energy.mj;
	sum->estimated.mj += part->estimated.mj;
	sum->covered.ms += part->covered.ms;
	sum->events |= part->events;
	if (part->grade > sum->grade)
		sum->grade = part->grade;
}

static void
add_to_slot(struct xn_core *core, uint32_t meter, uint32_t slot, const struct xn_tally *tally)
{
	const struct xn_topo_meter *what = &core->topology->meters[meter];

	xn_tally_add(&core->meters[meter].slots[slot], tally);
	if (what->role == XN_METER_OUTLET && what->host != XN_NONE && tally->energy.mj > 0)
		xn_attribution_energy(core, what->host, slot, tally);
}

/* The part of a piece in [from, to). */
static struct xn_tally
part_of(const struct xn_meter_piece *piece, xn_instant from, xn_instant to)
{
	int64_t start_ms = piece->start.ms > from.ms ? piece->start.ms : from.ms;
	int64_t end_ms = piece->end.ms < to.ms ? piece->end.ms : to.ms;
	struct xn_tally tally = {.grade = piece->grade, .events = piece->events};

	if (piece->start.ms == piece->end.ms)
		tally.energy = piece->energy;
	else
		tally.energy.mj = xn_meter_before(piece, to) - xn_meter_before(piece, from);
	if (piece->grade == XN_GRADE_ESTIMATED)
		tally.estimated = tally.energy;
	if (piece->covered && end_ms > start_ms)
		tally.covered.ms = end_ms - start_ms;
	return tally;
}

/* Whether [from, to) holds some of a piece; one without a length is where it starts. */
static bool
touches(const struct xn_meter_piece *piece, int64_t from_ms, int64_t to_ms)
{
	if (piece->start.ms == piece->end.ms)
		return piece->start.ms >= from_ms && piece->start.ms < to_ms;
	return piece->start.ms < to_ms && piece->end.ms > from_ms;
}

static void
book_late(struct xn_core *core, uint32_t meter, const struct xn_meter_piece *piece, xn_instant open)
{
	xn_instant first = xn_ledger_aligned(core, piece->start);
	xn_instant last = xn_ledger_aligned(
	    core, (xn_instant){.ms = (piece->end.ms < open.ms ? piece->end.ms : open.ms) - 1});
	xn_duration interval = core->topology->interval;
	xn_instant borders[4];
	int count = 0;

	/* The interval in which it begins, those that it fills, and the one in which it ends. */
	borders[count++] = first;
	if (first.ms < last.ms)
		borders[count++] = xn_after(first, interval);
	if (borders[count - 1].ms < last.ms)
		borders[count++] = last;
	borders[count] = xn_after(last.ms > first.ms ? last : first, interval);
	for (int i = 0; i < count; i++) {
		struct xn_tally tally = part_of(piece, borders[i], borders[i + 1]);

		if (!xn_ledger_late(core, meter, borders[i], borders[i + 1], &tally))
			add_to_slot(core, meter,
			    core->previous_open ? previous_slot(core) : core->slot, &tally);
	}
}

static void
start(struct xn_core *core)
{
	if (core->interval_start.ms == 0)
		core->interval_start = xn_ledger_aligned(core, core->now);
}

void
xn_ledger_book(struct xn_core *core, uint32_t meter, const struct xn_meter_piece *piece)
{
	const xn_instant begin = {.ms = INT64_MIN}, end = {.ms = INT64_MAX};
	xn_instant open, border;
	struct xn_tally tally;

	start(core);
	open = xn_ledger_open_since(core);
	border = core->interval_start;
	if (piece->energy.mj >= 0)
		core->meters[meter].booked.mj += piece->energy.mj;
	else
		core->meters[meter].returned.mj += piece->energy.mj;
	if (touches(piece, begin.ms, open.ms))
		book_late(core, meter, piece, open);
	if (core->previous_open && touches(piece, open.ms, border.ms)) {
		tally = part_of(piece, open, border);
		add_to_slot(core, meter, previous_slot(core), &tally);
	}
	if (touches(piece, border.ms, end.ms)) {
		tally = part_of(piece, border, end);
		add_to_slot(core, meter, core->slot, &tally);
	}
}

/* ---- beginning and closing ---- */

/* A new interval begins; later than one interval after the last one after a standstill. */
static void
roll(struct xn_core *core)
{
	core->previous_open = true;
	core->previous_start = core->interval_start;
	core->interval_start = xn_ledger_aligned(core, core->now);
	core->slot = (core->slot + 1) % XN_SLOTS;
	core->read_cursor = 0;
}

/* Whether no meter that is not lost has more to say of the interval before. The cursor stands at
 * the first meter that has, so that many steps together cost one look at each meter. */
static bool
all_read(struct xn_core *core)
{
	for (; core->read_cursor < core->topology->meter_count; core->read_cursor++) {
		uint32_t m = core->read_cursor;

		if (core->topology->meters[m].role != XN_METER_INLET &&
		    core->meters[m].booking.at.ms < core->interval_start.ms &&
		    xn_since(core->now, core->meters[m].at).ms <= core->topology->lost.ms)
			return false;
	}
	return true;
}

static bool
is_due(struct xn_core *core)
{
	if (!core->previous_open || core->closing.active)
		return false;
	return xn_since(core->now, core->interval_start).ms >= core->topology->lost.ms ||
	    xn_since(core->now, core->interval_start).ms >= core->topology->interval.ms ||
	    all_read(core);
}

static void
begin(struct xn_core *core)
{
	core->previous_open = false;
	core->closing.active = true;
	core->closing.start = core->previous_start;
	core->closing.end = core->interval_start;
	core->closing.slot = previous_slot(core);
	core->closing.cursor = 0;
	core->closing.vms = core->vm_count;
	for (uint32_t v = 0; v < core->vm_count; v++)
		core->vms[v].closing_host = core->vms[v].host;
	xn_ledger_estimate(core);
	xn_ledger_prepare(core);
}

static void
finish(struct xn_core *core)
{
	uint32_t slot = core->closing.slot;

	core->closing.active = false;
	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		core->meters[m].slots[slot] = (struct xn_tally){0};
	for (uint32_t h = 0; h < core->topology->host_count; h++) {
		core->hosts[h].slots[slot] = (struct xn_tally){0};
		core->hosts[h].expected[slot].mj = 0;
	}
	for (uint32_t v = 0; v < core->vm_count; v++)
		core->vms[v].slots[slot] = (struct xn_tally){0};
	xn_inventory_forget(core);
}

void
xn_ledger_advance(struct xn_core *core, struct xn_actions *actions)
{
	start(core);
	if (!core->booted || core->storage_full)
		return; /* nothing leaves or can be kept; the intervals stay open */
	if (is_due(core))
		begin(core);
	if (!core->previous_open &&
	    xn_since(core->now, core->interval_start).ms >= core->topology->interval.ms)
		roll(core);
	while (core->closing.active && actions->count < XN_LEDGER_ROWS_PER_STEP)
		if (!xn_ledger_rows(core, actions, core->closing.cursor++))
			finish(core);
	xn_ledger_correct_some(core, actions);
}

xn_instant
xn_ledger_next(const struct xn_core *core)
{
	if ((core->closing.active || core->correcting_count > 0) && !core->storage_full)
		return core->now;
	if (core->previous_open)
		return xn_after(core->interval_start, core->topology->lost);
	return xn_after(core->interval_start, core->topology->interval);
}
