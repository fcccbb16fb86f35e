#include "orchestrator/core/ledger_late.h"

#include <assert.h>
#include <stdio.h>

#include "orchestrator/core/ledger.h"
#include "orchestrator/core/ledger_doubt.h"
#include "orchestrator/core/ledger_estimate.h"

/* What a meter without a rating may show: the largest feed we know of. */
#define POWER_MAX_MW INT64_C(20000000000)
#define DAY_MS       INT64_C(86400000)
#define ROWS_MAX     4 /* of one meter and interval */

/* ---- what is on its way ---- */

static bool
is_empty(const struct xn_tally *tally)
{
	return tally->energy.mj == 0 && tally->estimated.mj == 0 && tally->covered.ms == 0;
}

static struct xn_correcting *
enqueue(struct xn_core *core, uint32_t meter, const struct xn_late *late)
{
	struct xn_correcting *job;

	if (core->correcting_count == XN_CORRECTIONS_MAX)
		return NULL;
	job = &core->correcting[(core->correcting_first + core->correcting_count++) %
	    XN_CORRECTIONS_MAX];
	memset(job, 0, sizeof(*job));
	job->meter = meter;
	job->left = *late;
	return job;
}

static bool
flush(struct xn_core *core, uint32_t meter)
{
	struct xn_late *late = &core->meters[meter].late;

	if (!is_empty(&late->tally) && enqueue(core, meter, late) == NULL)
		return false;
	*late = (struct xn_late){0};
	return true;
}

static void
add_instead(struct xn_late *late, struct xn_instead instead)
{
	late->instead.energy.mj += instead.energy.mj;
	late->instead.estimated.mj += instead.estimated.mj;
}

bool
xn_ledger_late(struct xn_core *core, uint32_t meter, xn_instant start, xn_instant end,
    const struct xn_tally *tally)
{
	struct xn_late *late = &core->meters[meter].late;

	if (is_empty(tally))
		return true;
	if (xn_since(end, start).ms > XN_LEDGER_DAYS * DAY_MS)
		start.ms = end.ms - XN_LEDGER_DAYS * DAY_MS;
	if ((late->start.ms != start.ms || late->end.ms != end.ms) && !flush(core, meter))
		return false;
	late->start = start;
	late->end = end;
	late->touched = core->now;
	xn_tally_add(&late->tally, tally);
	add_instead(late, xn_ledger_settle(core, meter, start, end, tally->covered));
	return true;
}

/* What nothing was added to for a while goes on its way. */
static void
flush_ripe(struct xn_core *core)
{
	if (core->late_looked.ms != 0 &&
	    xn_since(core->now, core->late_looked).ms < core->topology->lost.ms / 4)
		return;
	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		if (!is_empty(&core->meters[m].late.tally) &&
		    xn_since(core->now, core->meters[m].late.touched).ms >=
			core->topology->lost.ms &&
		    !flush(core, m))
			return; /* the rest at the next step */
	core->late_looked = core->now;
}

/* ---- rows ---- */

struct slice {
	xn_instant start, end;
	struct xn_tally tally;
	struct xn_instead instead;
	const struct xn_correcting *job;
	struct xn_actions *actions;
	uint32_t first; /* of this step's rows in `actions` */
};

/* The row of an account in this step: there is one, whatever many meters add to it. */
static struct xn_action *
find_row(const struct slice *slice, enum xn_account account, uint32_t subject, const char *name)
{
	struct xn_actions *actions = slice->actions;
	struct xn_action *row;

	for (uint32_t a = actions->count; a-- > slice->first;) {
		row = &actions->items[a];
		if (row->ledger.start.ms == slice->start.ms && row->ledger.account == account &&
		    row->ledger.subject == subject)
			return row;
	}
	row = xn_act(actions, XN_ACT_LEDGER);
	row->ledger.start = slice->start;
	row->ledger.end = slice->end;
	row->ledger.account = account;
	row->ledger.subject = subject;
	row->ledger.correction = true;
	snprintf(row->ledger.name, sizeof(row->ledger.name), "%s", name);
	memcpy(row->ledger.author, slice->job->author, sizeof(row->ledger.author));
	memcpy(row->ledger.reason, slice->job->reason, sizeof(row->ledger.reason));
	memcpy(row->ledger.evidence, slice->job->evidence, sizeof(row->ledger.evidence));
	return row;
}

static void
add_row(const struct slice *slice, enum xn_account account, uint32_t subject, const char *name,
    int sign)
{
	struct xn_action *row = find_row(slice, account, subject, name);

	row->ledger.energy.mj += sign * slice->tally.energy.mj;
	row->ledger.events |= slice->tally.events;
	if (slice->tally.grade > row->ledger.grade)
		row->ledger.grade = slice->tally.grade;
}

/* A row of what the meter itself measures: with its quality. */
static void
add_measured(const struct slice *slice, enum xn_account account, uint32_t subject, const char *name,
    int sign)
{
	struct xn_action *row;

	add_row(slice, account, subject, name, sign);
	row = find_row(slice, account, subject, name);
	row->ledger.estimated.mj += slice->tally.estimated.mj;
	row->ledger.covered.ms += slice->tally.covered.ms;
}

/* An outlet's energy less the estimate that was booked in its place. */
static void
add_outlet(const struct xn_core *core, const struct slice *told, const struct xn_topo_meter *what)
{
	struct slice net = *told;
	const struct slice *slice = &net;
	const struct xn_topology *topology = core->topology;
	bool metered = what->rack != XN_NONE && xn_ledger_metered(core, what->rack, what->feed);

	/* The rack's row has all of the estimate, the host's what its VMs did not get. */
	net.tally.energy.mj -= told->instead.energy.mj;
	net.tally.estimated.mj = told->tally.estimated.mj - told->instead.energy.mj;
	if (what->rack != XN_NONE && !metered)
		add_measured(
		    slice, XN_ACCOUNT_RACK, what->rack, topology->racks[what->rack].name, 1);
	net.tally.estimated.mj = told->tally.estimated.mj - told->instead.estimated.mj;
	if (what->host == XN_NONE && (metered || what->rack == XN_NONE))
		return; /* its feed has it */
	if (what->host == XN_NONE)
		add_measured(
		    slice, XN_ACCOUNT_RACK_OTHER, what->rack, topology->racks[what->rack].name, -1);
	else
		add_measured(
		    slice, XN_ACCOUNT_HOST, what->host, topology->hosts[what->host].name, -1);
	if (metered)
		add_row(
		    slice, XN_ACCOUNT_RACK_OTHER, what->rack, topology->racks[what->rack].name, 1);
	else
		add_row(slice, XN_ACCOUNT_UNEXPLAINED, XN_NONE, topology->site, 1);
}

static void
add_slice(const struct xn_core *core, const struct slice *slice)
{
	const struct xn_topo_meter *what = &core->topology->meters[slice->job->meter];
	const char *site = core->topology->site;
	int sign = -1;

	add_measured(slice, XN_ACCOUNT_METER, slice->job->meter, what->name, 1);
	switch (what->role) {
	case XN_METER_GRID:
	case XN_METER_PV:
	case XN_METER_BATTERY:
	case XN_METER_GENERATOR:
		sign = 1;
		add_measured(
		    slice, XN_ACCOUNT_GRID + (what->role - XN_METER_GRID), XN_NONE, site, 1);
		break;
	case XN_METER_COOLING: add_measured(slice, XN_ACCOUNT_COOLING, XN_NONE, site, -1); break;
	case XN_METER_FEED:
		add_measured(
		    slice, XN_ACCOUNT_RACK, what->rack, core->topology->racks[what->rack].name, 1);
		add_measured(slice, XN_ACCOUNT_RACK_OTHER, what->rack,
		    core->topology->racks[what->rack].name, -1);
		break;
	case XN_METER_OUTLET: add_outlet(core, slice, what); return;
	case XN_METER_INLET: return;
	}
	add_row(slice, XN_ACCOUNT_UNEXPLAINED, XN_NONE, site, -sign);
}

/* Takes the share of one of the `intervals` that are left. */
static void
take_share(struct xn_late *left, int64_t intervals, struct slice *slice)
{
	slice->tally = left->tally;
	slice->tally.energy.mj /= intervals;
	slice->tally.estimated.mj /= intervals;
	slice->tally.covered.ms /= intervals;
	slice->instead.energy.mj = left->instead.energy.mj / intervals;
	slice->instead.estimated.mj = left->instead.estimated.mj / intervals;
	left->tally.energy.mj -= slice->tally.energy.mj;
	left->tally.estimated.mj -= slice->tally.estimated.mj;
	left->tally.covered.ms -= slice->tally.covered.ms;
	left->instead.energy.mj -= slice->instead.energy.mj;
	left->instead.estimated.mj -= slice->instead.estimated.mj;
}

/* Rows of a correction until it has left or the step is full; true: it has left. */
static bool
go_on(struct xn_core *core, struct xn_correcting *job, struct xn_actions *actions, uint32_t first)
{
	xn_duration interval = core->topology->interval;

	while (job->left.start.ms < job->left.end.ms) {
		struct slice slice = {.start = job->left.start,
		    .end = xn_after(job->left.start, interval),
		    .job = job,
		    .actions = actions,
		    .first = first};

		if (actions->count + ROWS_MAX > XN_LEDGER_ROWS_PER_STEP)
			return false;
		take_share(
		    &job->left, (job->left.end.ms - job->left.start.ms) / interval.ms, &slice);
		add_slice(core, &slice);
		job->left.start = slice.end;
	}
	assert(is_empty(&job->left.tally)); /* invariant 3 */
	return true;
}

/* The reason of what several meters told late, in every row of the step. */
static void
tell_reason(struct xn_actions *actions, uint32_t first, const char *meter, uint32_t meters)
{
	for (uint32_t a = first; a < actions->count; a++) {
		struct xn_action *row = &actions->items[a];

		snprintf(row->ledger.author, sizeof(row->ledger.author), "%s", XN_LEDGER_AUTHOR);
		if (meters == 1)
			snprintf(
			    row->ledger.reason, sizeof(row->ledger.reason), "%s told late", meter);
		else
			snprintf(row->ledger.reason, sizeof(row->ledger.reason),
			    "%s and %u more told late", meter, meters - 1);
	}
}

void
xn_ledger_correct_some(struct xn_core *core, struct xn_actions *actions)
{
	uint32_t first = actions->count, meters = 0, last = XN_NONE;
	const char *name = "";
	bool person = false;

	flush_ripe(core);
	while (core->correcting_count > 0 && !person) {
		struct xn_correcting *job = &core->correcting[core->correcting_first];

		if (actions->count + ROWS_MAX > XN_LEDGER_ROWS_PER_STEP ||
		    (job->person && meters > 0))
			break;
		person = job->person;
		if (job->meter != last) {
			name = core->topology->meters[job->meter].name;
			last = job->meter;
			meters++;
		}
		if (!go_on(core, job, actions, first))
			break;
		core->correcting_first = (core->correcting_first + 1) % XN_CORRECTIONS_MAX;
		core->correcting_count--;
	}
	if (!person && meters > 0)
		tell_reason(actions, first, name, meters);
}

/* ---- a person's ---- */

static void
reply(struct xn_actions *actions, const struct xn_event *event, enum xn_code code, const char *text)
{
	struct xn_action *action = xn_act(actions, XN_ACT_REPLY);

	action->reply.request = event->correction.request;
	action->reply.code = code;
	snprintf(action->reply.subject, sizeof(action->reply.subject), "%s",
	    event->correction.what.meter);
	snprintf(action->reply.text, sizeof(action->reply.text), "%s", text);
}

static uint32_t
find_meter(const struct xn_core *core, const char *name)
{
	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		if (core->topology->meters[m].role != XN_METER_INLET &&
		    strcmp(core->topology->meters[m].name, name) == 0)
			return m;
	return XN_NONE;
}

/* Whether more than the meter's rating would have to flow all the time. */
static bool
is_above_rating(const struct xn_core *core, uint32_t meter, const struct xn_correction *what)
{
	int64_t span_ms = xn_since(what->end, what->start).ms;
	int64_t mj = what->energy.mj;
	int64_t max_mw = core->topology->meters[meter].max.mw;

	if (max_mw == 0)
		max_mw = POWER_MAX_MW;
	return (xn_register)(mj < 0 ? -(xn_register)mj : mj) * 1000 >
	    (xn_register)max_mw * 11 / 10 * span_ms;
}

/* Why a correction is not taken; NULL: it is. */
static const char *
refusal(const struct xn_core *core, const struct xn_correction *what, uint32_t meter)
{
	if (meter == XN_NONE)
		return xn_text(core->scratch, "there is no meter %s", what->meter);
	if (what->start.ms < 0 || what->start.ms >= what->end.ms)
		return "a correction begins before it ends";
	if (what->end.ms > xn_ledger_open_since(core).ms)
		return "only intervals that are closed can be corrected; this one ends later";
	if (xn_ledger_aligned(core, what->start).ms != what->start.ms ||
	    xn_ledger_aligned(core, what->end).ms != what->end.ms)
		return xn_text(core->scratch, "a correction is of whole intervals of %lld min",
		    (long long)(core->topology->interval.ms / 60000));
	if (xn_since(what->end, what->start).ms > XN_LEDGER_DAYS * DAY_MS)
		return xn_text(
		    core->scratch, "a correction covers %d days at most", XN_LEDGER_DAYS);
	if (what->grade != XN_GRADE_SUBSTITUTED && what->grade != XN_GRADE_ESTIMATED)
		return "a correction is substituted (S) or estimated (E)";
	if (what->author[0] == '\0' || what->reason[0] == '\0')
		return "a correction has an author and a reason";
	if (is_above_rating(core, meter, what))
		return xn_text(
		    core->scratch, "that is more than the rating of %s allows", what->meter);
	return NULL;
}

void
xn_ledger_correct(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	const struct xn_correction *what = &event->correction.what;
	uint32_t meter = find_meter(core, what->meter);
	const char *why = refusal(core, what, meter);
	struct xn_late late = {.start = what->start, .end = what->end};
	struct xn_correcting *job;
	int64_t intervals;

	if (why != NULL) {
		reply(actions, event, XN_EINVALID, why);
		return;
	}
	late.tally.energy = what->energy;
	late.tally.grade = what->grade;
	if (what->grade == XN_GRADE_ESTIMATED)
		late.tally.estimated = what->energy;
	job = enqueue(core, meter, &late);
	if (job == NULL) {
		reply(actions, event, XN_EFULL, "too many corrections at once: try again");
		return;
	}
	job->left.instead =
	    xn_ledger_settle(core, meter, what->start, what->end, xn_since(what->end, what->start));
	job->person = true;
	memcpy(job->author, what->author, sizeof(job->author));
	memcpy(job->reason, what->reason, sizeof(job->reason));
	memcpy(job->evidence, what->evidence, sizeof(job->evidence));
	intervals = xn_since(what->end, what->start).ms / core->topology->interval.ms;
	reply(actions, event, XN_OK,
	    xn_text(core->scratch, "%s: %lld %s corrected", what->meter, (long long)intervals,
		intervals == 1 ? "interval" : "intervals"));
}
