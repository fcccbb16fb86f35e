#include "orchestrator/core/ledger_rows.h"

#include <assert.h>
#include <stdio.h>

#include "orchestrator/core/ledger_doubt.h"

static const enum xn_meter_role source_roles[] = {
    XN_METER_GRID, XN_METER_PV, XN_METER_BATTERY, XN_METER_GENERATOR};
static const enum xn_account source_accounts[] = {
    XN_ACCOUNT_GRID, XN_ACCOUNT_PV, XN_ACCOUNT_BATTERY, XN_ACCOUNT_GENERATOR};

#define SOURCES 4

/* ---- sums over meters ---- */

struct sum {
	struct xn_tally tally;
	uint32_t meters;
};

static void
add_tally(struct xn_tally *sum, const struct xn_tally *tally)
{
	sum->energy.mj += tally->energy.mj;
	sum->estimated.mj += tally->estimated.mj;
	sum->covered.ms += tally->covered.ms;
	sum->events |= tally->events;
	if (tally->grade > sum->grade)
		sum->grade = tally->grade;
}

static void
add_meter(const struct xn_core *core, uint32_t meter, struct sum *sum)
{
	add_tally(&sum->tally, &core->meters[meter].slots[core->closing.slot]);
	sum->meters++;
}

/* What a host, a VM or a meter has in the interval that is being closed. */
static int64_t
energy_in(const struct xn_core *core, const struct xn_tally slots[XN_SLOTS])
{
	return slots[core->closing.slot].energy.mj;
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

/* What the outlets of a rack's hosts gave, or are taken to have given. */
static int64_t
sum_outlets(const struct xn_core *core, uint32_t rack)
{
	int64_t mj = 0;

	for (uint32_t m = core->racks[rack].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_rack)
		if (core->topology->meters[m].role == XN_METER_OUTLET &&
		    core->topology->meters[m].host != XN_NONE)
			mj += energy_in(core, core->meters[m].slots) + core->meters[m].estimate.mj;
	return mj;
}

/* What a rack drew: each feed by its meter, else by the outlets on it. */
static struct sum
sum_rack(const struct xn_core *core, uint32_t rack)
{
	bool metered[3] = {false};
	struct sum sum = {0};

	for (uint32_t m = core->racks[rack].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_rack)
		if (core->topology->meters[m].role == XN_METER_FEED)
			metered[core->topology->meters[m].feed + 1] = true;
	for (uint32_t m = core->racks[rack].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_rack) {
		const struct xn_topo_meter *what = &core->topology->meters[m];
		struct xn_tally estimated = {core->meters[m].estimate, core->meters[m].estimate,
		    .grade = core->meters[m].estimate.mj > 0 ? XN_GRADE_ESTIMATED : XN_GRADE_NONE};

		if (what->role == XN_METER_FEED) {
			add_meter(core, m, &sum);
		} else if (what->role == XN_METER_OUTLET && !metered[what->feed + 1]) {
			add_meter(core, m, &sum);
			add_tally(&sum.tally, &estimated);
		}
	}
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

/* ---- overhead ---- */

/* floor(total x part / whole) for 0 <= part <= whole, where the product need not fit. */
static int64_t
portion(int64_t total, int64_t part, int64_t whole)
{
	return (int64_t)((xn_register)total * part / whole);
}

static int64_t
draw(struct xn_pool *pool, int64_t mj)
{
	int64_t share;

	if (pool->base.mj == 0)
		return 0;
	pool->seen.mj += mj;
	assert(pool->seen.mj <= pool->base.mj);
	share = portion(pool->total.mj, pool->seen.mj, pool->base.mj) - pool->given.mj;
	pool->given.mj += share;
	return share;
}

static uint32_t
zone_of_rack(const struct xn_core *core, uint32_t rack)
{
	uint32_t meter = rack == XN_NONE ? XN_NONE : core->topology->racks[rack].cooling_meter;

	if (meter != XN_NONE && core->topology->meters[meter].role != XN_METER_COOLING)
		return XN_NONE;
	return meter;
}

static struct xn_pool *
zone_of_host(struct xn_core *core, uint32_t host)
{
	uint32_t rack = host == XN_NONE ? XN_NONE : core->topology->hosts[host].rack;
	uint32_t meter = zone_of_rack(core, rack);

	return meter == XN_NONE ? &core->closing.shared : &core->meters[meter].zone;
}

static int64_t
overhead(struct xn_core *core, uint32_t host, int64_t mj)
{
	return draw(zone_of_host(core, host), mj) + draw(&core->closing.site, mj);
}

static void
fill_cooling(struct xn_core *core)
{
	bool *named = xn_new(core->scratch, bool, core->topology->meter_count);

	for (uint32_t r = 0; r < core->topology->rack_count; r++)
		if (zone_of_rack(core, r) != XN_NONE)
			named[zone_of_rack(core, r)] = true;
	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		if (core->topology->meters[m].role == XN_METER_COOLING) {
			struct xn_pool *zone =
			    named[m] ? &core->meters[m].zone : &core->closing.shared;

			zone->total.mj += energy_in(core, core->meters[m].slots);
		}
}

static void
base_of(struct xn_core *core, uint32_t host, int64_t mj)
{
	zone_of_host(core, host)->base.mj += mj;
	core->closing.site.base.mj += mj;
}

/* Cooling of a zone in which nothing runs serves the site. */
static void
settle_zone(struct xn_core *core, struct xn_pool *zone)
{
	if (zone->base.mj != 0)
		return;
	core->closing.site.total.mj += zone->total.mj;
	zone->total.mj = 0;
}

/* ---- the whole interval ---- */

static int64_t
other_of(const struct xn_core *core, uint32_t rack)
{
	int64_t other = sum_rack(core, rack).tally.energy.mj - sum_outlets(core, rack);

	/* Outlets above their feed are a fault of a meter; the balance shows it as unexplained. */
	return other > 0 ? other : 0;
}

static int64_t
hosts_and_vms(struct xn_core *core)
{
	int64_t sum = 0;

	for (uint32_t h = 0; h < core->topology->host_count; h++) {
		base_of(core, h, energy_in(core, core->hosts[h].slots));
		sum += energy_in(core, core->hosts[h].slots);
	}
	for (uint32_t v = 0; v < core->closing.vms; v++) {
		base_of(core, core->vms[v].closing_host, energy_in(core, core->vms[v].slots));
		sum += energy_in(core, core->vms[v].slots);
	}
	return sum;
}

void
xn_ledger_prepare(struct xn_core *core)
{
	struct xn_closing *closing = &core->closing;
	int64_t cooling = sum_role(core, XN_METER_COOLING).tally.energy.mj;
	int64_t others = 0, most, left;

	closing->site = closing->shared = (struct xn_pool){0};
	memset(closing->platforms, 0, sizeof(closing->platforms));
	memset(closing->agencies, 0, sizeof(closing->agencies));
	closing->sum.mj = closing->sources.mj = closing->losses.mj = 0;
	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		core->meters[m].zone = (struct xn_pool){0};
	for (int s = 0; s < SOURCES; s++)
		closing->sources.mj += sum_role(core, source_roles[s]).tally.energy.mj;
	for (uint32_t r = 0; r < core->topology->rack_count; r++)
		others += other_of(core, r);
	left = closing->sources.mj - cooling - others - hosts_and_vms(core);
	most = closing->sources.mj / 1000 * XN_LEDGER_LOSSES_PPM / 1000;
	if (left > 0 && most > 0)
		closing->losses.mj = left < most ? left : most;
	closing->unexplained.mj = left - closing->losses.mj;
	fill_cooling(core);
	closing->site.total.mj = closing->losses.mj + others;
	if (closing->unexplained.mj > 0)
		closing->site.total.mj += closing->unexplained.mj;
	settle_zone(core, &closing->shared);
	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		settle_zone(core, &core->meters[m].zone);
}

/* ---- rows ---- */

struct xn_action *
xn_ledger_row(struct xn_core *core, struct xn_actions *actions, enum xn_account account,
    uint32_t subject, const char *name, xn_energy energy)
{
	struct xn_action *action = xn_act(actions, XN_ACT_LEDGER);

	action->ledger.start = core->closing.start;
	action->ledger.end = core->closing.end;
	action->ledger.account = account;
	action->ledger.subject = subject;
	snprintf(action->ledger.name, sizeof(action->ledger.name), "%s", name);
	action->ledger.energy = energy;
	action->ledger.grade = XN_GRADE_MEASURED;
	if (account < XN_ACCOUNT_METER)
		core->closing.sum.mj += energy.mj;
	return action;
}

static struct xn_action *
row(struct xn_core *core, struct xn_actions *actions, enum xn_account account, uint32_t subject,
    const char *name, int64_t mj, struct sum sum)
{
	struct xn_action *action =
	    xn_ledger_row(core, actions, account, subject, name, (xn_energy){.mj = mj});

	action->ledger.estimated = sum.tally.estimated;
	action->ledger.covered = sum.tally.covered;
	action->ledger.span.ms = xn_since(core->closing.end, core->closing.start).ms * sum.meters;
	action->ledger.grade = sum.tally.grade;
	action->ledger.events = sum.tally.events;
	return action;
}

static void
site_rows(struct xn_core *core, struct xn_actions *actions)
{
	struct sum cooling = sum_role(core, XN_METER_COOLING);

	for (int s = 0; s < SOURCES; s++) {
		struct sum sum = sum_role(core, source_roles[s]);

		if (sum.meters > 0)
			row(core, actions, source_accounts[s], XN_NONE, core->topology->site,
			    sum.tally.energy.mj, sum);
	}
	if (cooling.meters > 0)
		row(core, actions, XN_ACCOUNT_COOLING, XN_NONE, core->topology->site,
		    -cooling.tally.energy.mj, cooling);
}

static void
rack_rows(struct xn_core *core, struct xn_actions *actions, uint32_t rack)
{
	const char *name = core->topology->racks[rack].name;
	struct sum sum = sum_rack(core, rack);
	int64_t other = other_of(core, rack);

	if (other > 0)
		row(core, actions, XN_ACCOUNT_RACK_OTHER, rack, name, -other, sum);
	if (sum.meters > 0)
		row(core, actions, XN_ACCOUNT_RACK, rack, name, sum.tally.energy.mj, sum);
}

/* A row of a host or VM: its own sums, measured by the outlets of `host`. */
static struct xn_action *
share_row(struct xn_core *core, struct xn_actions *actions, enum xn_account account,
    uint32_t subject, const char *name, const struct xn_tally *tally, uint32_t host)
{
	struct sum outlets = sum_host(core, host);
	struct sum sum = {.tally = *tally, .meters = outlets.meters};
	struct xn_action *action;

	sum.tally.covered = outlets.tally.covered;
	action = row(core, actions, account, subject, name, -tally->energy.mj, sum);
	action->ledger.overhead.mj = overhead(core, host, tally->energy.mj);
	return action;
}

static void
host_row(struct xn_core *core, struct xn_actions *actions, uint32_t host)
{
	const struct xn_tally *tally = &core->hosts[host].slots[core->closing.slot];

	if (tally->energy.mj != 0)
		share_row(core, actions, XN_ACCOUNT_HOST, host, core->topology->hosts[host].name,
		    tally, host);
}

/* ---- VMs and what they belong to ---- */

static void
uuid_text(xn_uuid uuid, char text[XN_UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *at = text;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[uuid.bytes[i] >> 4];
		*at++ = digits[uuid.bytes[i] & 15];
	}
	*at = '\0';
}

/* The place of a name in a table by hash; the last place is for all that found none. */
static struct xn_group *
find_group(struct xn_group groups[XN_GROUPS_MAX], const char *name)
{
	struct xn_group *others = &groups[XN_GROUPS_MAX - 1];
	uint32_t hash = 2166136261u;

	for (const char *at = name; *at != '\0'; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	for (uint32_t i = 0; i < XN_GROUPS_MAX - 1; i++) {
		struct xn_group *group = &groups[(hash + i) % (XN_GROUPS_MAX - 1)];

		if (group->name[0] == '\0')
			snprintf(group->name, sizeof(group->name), "%s", name);
		if (strcmp(group->name, name) == 0)
			return group;
	}
	snprintf(others->name, sizeof(others->name), "%s", XN_LEDGER_OTHERS);
	return others;
}

static void
add_to_group(struct xn_group *group, const struct xn_action *row)
{
	group->energy.mj -= row->ledger.energy.mj;
	group->overhead.mj += row->ledger.overhead.mj;
	group->estimated.mj += row->ledger.estimated.mj;
	group->covered.ms += row->ledger.covered.ms;
	group->span.ms += row->ledger.span.ms;
	group->events |= row->ledger.events;
	if (row->ledger.grade > group->grade)
		group->grade = row->ledger.grade;
}

static const char *
assigned(const char *name)
{
	return name[0] == '\0' ? XN_LEDGER_UNASSIGNED : name;
}

static void
vm_row(struct xn_core *core, struct xn_actions *actions, uint32_t vm)
{
	struct xn_vm *what = &core->vms[vm];
	const struct xn_tally *tally = &what->slots[core->closing.slot];
	struct xn_action *action;

	if (tally->energy.mj == 0)
		return;
	action = share_row(
	    core, actions, XN_ACCOUNT_VM, vm, what->facts.name, tally, what->closing_host);
	uuid_text(what->uuid, action->ledger.uuid);
	memcpy(action->ledger.platform, what->facts.platform, sizeof(action->ledger.platform));
	memcpy(action->ledger.agency, what->facts.agency, sizeof(action->ledger.agency));
	add_to_group(find_group(core->closing.platforms, assigned(what->facts.platform)), action);
	add_to_group(find_group(core->closing.agencies, assigned(what->facts.agency)), action);
}

static void
group_row(struct xn_core *core, struct xn_actions *actions, enum xn_account account,
    const struct xn_group *group)
{
	struct xn_action *action;

	if (group->name[0] == '\0')
		return;
	action = xn_ledger_row(core, actions, account, XN_NONE, group->name, group->energy);
	action->ledger.overhead = group->overhead;
	action->ledger.estimated = group->estimated;
	action->ledger.covered = group->covered;
	action->ledger.span = group->span;
	action->ledger.grade = group->grade;
	action->ledger.events = group->events;
}

/* ---- the end of the list ---- */

static void
meter_row(struct xn_core *core, struct xn_actions *actions, uint32_t meter)
{
	struct sum sum = {0};

	if (core->topology->meters[meter].role == XN_METER_INLET)
		return;
	add_meter(core, meter, &sum);
	row(core, actions, XN_ACCOUNT_METER, meter, core->topology->meters[meter].name,
	    sum.tally.energy.mj, sum);
}

static void
last_rows(struct xn_core *core, struct xn_actions *actions)
{
	const struct xn_closing *closing = &core->closing;
	const struct sum derived = {.tally.grade = XN_GRADE_MEASURED};
	const char *site = core->topology->site;

	if (closing->losses.mj > 0)
		row(core, actions, XN_ACCOUNT_LOSSES, XN_NONE, site, -closing->losses.mj, derived);
	row(core, actions, XN_ACCOUNT_UNEXPLAINED, XN_NONE, site, -closing->unexplained.mj,
	    derived);
	xn_ledger_doubt(core);
	assert(closing->sum.mj == 0); /* invariant 1 */
	assert(closing->site.base.mj == 0 ||
	    closing->site.given.mj == closing->site.total.mj); /* invariant 2 */
}

/* The site, racks, hosts, VMs, meters, platforms, agencies, the rest. */
bool
xn_ledger_rows(struct xn_core *core, struct xn_actions *actions, uint32_t place)
{
	const struct xn_topology *topology = core->topology;
	uint32_t counts[] = {1, topology->rack_count, topology->host_count, core->closing.vms,
	    topology->meter_count, XN_GROUPS_MAX, XN_GROUPS_MAX};
	uint32_t part = 0;

	while (part < sizeof(counts) / sizeof(counts[0]) && place >= counts[part])
		place -= counts[part++];
	switch (part) {
	case 0: site_rows(core, actions); return true;
	case 1: rack_rows(core, actions, place); return true;
	case 2: host_row(core, actions, place); return true;
	case 3: vm_row(core, actions, place); return true;
	case 4: meter_row(core, actions, place); return true;
	case 5:
		group_row(core, actions, XN_ACCOUNT_PLATFORM, &core->closing.platforms[place]);
		return true;
	case 6:
		group_row(core, actions, XN_ACCOUNT_AGENCY, &core->closing.agencies[place]);
		return true;
	default: last_rows(core, actions); return false;
	}
}
