#include "policies/bound.h"

#include <stdlib.h>

extern const struct xn_constraint xn_constraint_root;
extern const struct xn_constraint xn_constraint_quarantine;

/* A stretch of a host's curve: this many more millicores for this many more mW. */
struct stretch {
	int64_t mw;
	int64_t width; /* millicores, or another resource's units */
	uint32_t id;
};

struct bounding {
	const struct xn_search *search;
	const struct xn_state *after;
	bool *fixed_host;    /* [host] nothing enters or leaves, power stays */
	bool *fixed_vm;      /* [vm] */
	int64_t *fixed_used; /* [host] millicores that stay there */
	int64_t (*fixed_counts)[XN_RESOURCES];
	bool *has_fixed; /* [host] */
	struct stretch *stretches;
	uint32_t count;
	int64_t demand; /* millicores of the VMs that may go anywhere */
	int64_t counts[XN_RESOURCES];
};

static int
by_slope(const void *a, const void *b)
{
	const struct stretch *x = a;
	const struct stretch *y = b;
	int64_t left = x->mw * y->width;
	int64_t right = y->mw * x->width;

	if (left != right)
		return left < right ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int
by_mw(const void *a, const void *b)
{
	const struct stretch *x = a;
	const struct stretch *y = b;

	return x->mw < y->mw ? -1 : x->mw > y->mw;
}

static int
by_width(const void *a, const void *b)
{
	const struct stretch *x = a;
	const struct stretch *y = b;

	return x->width > y->width ? -1 : x->width < y->width;
}

/* Least mW for `amount` out of the stretches, the cheapest first. */
static int64_t
fill(struct bounding *b, int64_t amount)
{
	int64_t mw = 0;

	if (b->count > 1)
		qsort(b->stretches, b->count, sizeof(*b->stretches), by_slope);
	for (uint32_t i = 0; i < b->count && amount > 0; i++) {
		const struct stretch *row = &b->stretches[i];
		int64_t part = row->width < amount ? row->width : amount;

		mw += part == row->width ? row->mw : row->mw * part / row->width;
		amount -= part;
	}
	return mw;
}

/* Least mW for as many whole stretches as `amount` needs at least. */
static int64_t
fill_whole(struct bounding *b, int64_t amount)
{
	uint32_t needed = 0;
	int64_t mw = 0;

	if (b->count > 1)
		qsort(b->stretches, b->count, sizeof(*b->stretches), by_width);
	for (; needed < b->count && amount > 0; needed++)
		amount -= b->stretches[needed].width;
	if (b->count > 1)
		qsort(b->stretches, b->count, sizeof(*b->stretches), by_mw);
	for (uint32_t i = 0; i < needed; i++)
		mw += b->stretches[i].mw;
	return mw;
}

static bool
levels_never(const struct xn_policy *policy, const struct xn_fleet_vm *vm)
{
	for (unsigned i = 0; i < policy->level_count; i++)
		if (policy->levels[i].migrate == XN_MIGRATE_NEVER && vm->security_level >= 0 &&
		    vm->security_level < 32 &&
		    (policy->levels[i].levels & 1u << vm->security_level) != 0)
			return true;
	return false;
}

/* What stays where it is, limits of section 5 and holds left out of account. */
static void
fix(struct bounding *b)
{
	const struct xn_fleet *fleet = b->search->fleet;
	const struct xn_policy *policy = b->search->policy;

	for (uint32_t h = 0; h < fleet->host_count; h++)
		b->fixed_host[h] =
		    fleet->hosts[h].state == XN_HOST_UNREACHABLE || !xn_state_in_scope(b->after, h);
	for (uint32_t v = 0; v < fleet->vm_count; v++)
		b->fixed_vm[v] = !fleet->vms[v].movable ||
		    (policy != NULL && levels_never(policy, &fleet->vms[v]));
	for (unsigned c = 0; policy != NULL && c < policy->clause_count; c++) {
		const struct xn_clause *clause = &policy->clauses[c];

		for (uint32_t h = 0; h < fleet->host_count; h++)
			b->fixed_host[h] |= clause->constraint == &xn_constraint_quarantine &&
			    xn_select_host(&clause->terms.hosts, fleet, &fleet->hosts[h]);
		for (uint32_t v = 0; v < fleet->vm_count; v++)
			b->fixed_vm[v] |= clause->constraint == &xn_constraint_root &&
			    xn_select_vm(&clause->terms.select, &fleet->vms[v]);
	}
	for (uint32_t v = 0; v < fleet->vm_count; v++) {
		uint32_t home = fleet->vms[v].host;
		const struct xn_vm_load *load = &b->after->vms[v];

		if (load->at[0] == XN_NONE)
			continue;
		if (home != XN_NONE && (b->fixed_vm[v] || b->fixed_host[home])) {
			b->has_fixed[home] = true;
			b->fixed_used[home] += fleet->vms[v].cpu_used_millicores;
			for (unsigned i = 0; i < XN_RESOURCES; i++)
				b->fixed_counts[home][i] += load->counts[i];
			continue;
		}
		b->demand += fleet->vms[v].cpu_used_millicores;
		for (unsigned i = 0; i < XN_RESOURCES; i++)
			b->counts[i] += load->counts[i];
	}
}

/* Whether a host may be asleep in some lawful placement. */
static bool
may_rest(const struct bounding *b, uint32_t h)
{
	const struct xn_fleet_host *host = &b->search->fleet->hosts[h];
	const struct xn_policy *policy = b->search->policy;

	if (b->has_fixed[h] || b->fixed_host[h])
		return false;
	return host->state == XN_HOST_ON && host->can_sleep && policy != NULL &&
	    policy->has_power_off && xn_select_host(&policy->sleepers, b->search->fleet, host);
}

static bool
takes_vms(const struct bounding *b, uint32_t h)
{
	enum xn_host_state state = b->search->fleet->hosts[h].state;

	return !b->fixed_host[h] && (state == XN_HOST_ON || state == XN_HOST_SLEEP);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* mW that the host draws in any case. */
static int64_t
floor_mw(const struct bounding *b, uint32_t h)
{
	const struct xn_fleet_host *host = &b->search->fleet->hosts[h];

	if (host->state == XN_HOST_OFF)
		return 0;
	if (host->state == XN_HOST_SLEEP)
		return b->fixed_host[h] ? host->sleep_watts.mw
					: least(host->sleep_watts.mw, host->watts[0].mw);
	if (may_rest(b, h))
		return least(host->sleep_watts.mw, host->watts[0].mw);
	return xn_fleet_host_watts(host, b->fixed_used[h]).mw;
}

static void
add_stretch(struct bounding *b, int64_t mw, int64_t width)
{
	if (width > 0)
		b->stretches[b->count] = (struct stretch){mw, width, b->count};
	b->count += width > 0;
}

/* The lower hull of the curve from (x, y) on, as stretches of rising slope. */
static void
add_hull(struct bounding *b, uint32_t h, int64_t x, int64_t y)
{
	const struct xn_fleet_host *host = &b->search->fleet->hosts[h];

	while (x < host->cpu_millicores) {
		int64_t next_x = 0;
		int64_t next_y = 0;

		for (int i = 0; i <= 10; i++) {
			int64_t px = host->cpu_millicores * i / 10;
			int64_t py = host->watts[i].mw;

			if (px <= x)
				continue;
			if (next_x == 0 || (py - y) * (next_x - x) < (next_y - y) * (px - x)) {
				next_x = px;
				next_y = py;
			}
		}
		add_stretch(b, next_y > y ? next_y - y : 0, next_x - x);
		x = next_x;
		y = next_y > y ? next_y : y;
	}
}

/* Dynamic watts only, or with the watts of being awake. */
static int64_t
curve_bound(struct bounding *b, bool whole)
{
	b->count = 0;
	for (uint32_t h = 0; h < b->search->fleet->host_count; h++) {
		const struct xn_fleet_host *host = &b->search->fleet->hosts[h];
		int64_t used = b->fixed_used[h];
		bool asleep = may_rest(b, h) || host->state == XN_HOST_SLEEP;

		if (!takes_vms(b, h))
			continue;
		if (asleep)
			add_hull(b, h, 0, whole ? floor_mw(b, h) : host->watts[0].mw);
		else
			add_hull(b, h, used, xn_fleet_host_watts(host, used).mw);
	}
	return fill(b, b->demand);
}

static int64_t
room(const struct bounding *b, uint32_t h, unsigned resource)
{
	const struct xn_fleet_host *host = &b->search->fleet->hosts[h];
	int64_t capacity = host->network_mbps;

	if (resource == XN_RESOURCE_CPU)
		capacity = host->cpu_millicores;
	if (resource == XN_RESOURCE_MEMORY)
		capacity = b->after->hosts[h].memory_limit;
	capacity -= b->fixed_counts[h][resource];
	return capacity > 0 ? capacity : 0;
}

/* Watts of keeping awake what this resource needs at least. */
static int64_t
awake_bound(struct bounding *b, unsigned resource)
{
	int64_t demand = b->counts[resource];
	int64_t fluid;
	int64_t whole;

	b->count = 0;
	for (uint32_t h = 0; h < b->search->fleet->host_count; h++) {
		const struct xn_fleet_host *host = &b->search->fleet->hosts[h];

		if (!takes_vms(b, h))
			continue;
		if (may_rest(b, h) || host->state == XN_HOST_SLEEP)
			add_stretch(b, host->watts[0].mw - floor_mw(b, h), room(b, h, resource));
		else
			demand -= room(b, h, resource);
	}
	if (demand <= 0)
		return 0;
	fluid = fill(b, demand);
	whole = fill_whole(b, demand);
	return fluid > whole ? fluid : whole;
}

int64_t
xn_bound_it_mw(const struct xn_search *search, const struct xn_state *after)
{
	const struct xn_fleet *fleet = search->fleet;
	struct bounding b = {.search = search, .after = after};
	int64_t base = 0;
	int64_t dynamic;
	int64_t best;

	b.fixed_host = xn_new(search->arena, bool, fleet->host_count + 1u);
	b.has_fixed = xn_new(search->arena, bool, fleet->host_count + 1u);
	b.fixed_vm = xn_new(search->arena, bool, fleet->vm_count + 1u);
	b.fixed_used = xn_new(search->arena, int64_t, fleet->host_count + 1u);
	b.fixed_counts = (int64_t(*)[XN_RESOURCES])xn_arena_take(
	    search->arena, fleet->host_count + 1u, sizeof(int64_t[XN_RESOURCES]));
	b.stretches = xn_new(search->arena, struct stretch, fleet->host_count * 11u + 1u);
	fix(&b);
	for (uint32_t r = 0; r < fleet->rack_count; r++)
		base += fleet->racks[r].other.mw;
	for (uint32_t h = 0; h < fleet->host_count; h++)
		base += floor_mw(&b, h);
	best = curve_bound(&b, true);
	dynamic = curve_bound(&b, false);
	for (unsigned i = 0; i < XN_RESOURCES; i++) {
		int64_t awake = awake_bound(&b, i);

		if (awake + dynamic > best)
			best = awake + dynamic;
	}
	/* Where rules stay broken no lawful placement may exist; then any figure is a bound. */
	return least(base + best, after->it_mw);
}
