#include "orchestrator/core/attribution.h"

#include <assert.h>

/* VMs of one host that take part; the rest of a fuller host stays with its remainder. */
#define SHARERS_MAX 1000

void
xn_split(int64_t total, const int64_t *weights, uint32_t count, int64_t *ret_shares)
{
	int64_t whole = 0;
	int64_t left = total;
	int64_t rests[SHARERS_MAX + 1];

	assert(total >= 0 && count > 0 && count <= SHARERS_MAX + 1);
	for (uint32_t i = 0; i < count; i++)
		whole += weights[i];
	for (uint32_t i = 0; i < count; i++) {
		if (whole == 0) {
			ret_shares[i] = i == count - 1 ? total : 0;
			rests[i] = 0;
		} else {
			/* floor(total x weight / whole), in two parts that cannot overflow */
			int64_t rest = total % whole * weights[i];

			ret_shares[i] = total / whole * weights[i] + rest / whole;
			rests[i] = rest % whole;
		}
		left -= ret_shares[i];
	}
	for (; left > 0; left--) {
		uint32_t most = 0;

		for (uint32_t i = 1; i < count; i++)
			if (rests[i] > rests[most])
				most = i;
		ret_shares[most]++;
		rests[most] = -1;
	}
	assert(left == 0); /* invariant 1 */
}

struct sharers {
	uint32_t count; /* of VMs; the host itself is one more, last */
	uint32_t vms[SHARERS_MAX];
	int64_t reserved[SHARERS_MAX + 1];
	int64_t used[SHARERS_MAX + 1];
};

static struct sharers *
find_sharers(const struct xn_core *core, uint32_t host)
{
	struct sharers *all = xn_new(core->scratch, struct sharers, 1);
	int64_t reserved = 0;

	for (uint32_t v = core->hosts[host].first_vm; v != XN_NONE; v = core->vms[v].next_of_host) {
		const struct xn_vm *vm = &core->vms[v];
		bool alive = false;

		for (int c = 0; c < XN_COPIES_MAX; c++)
			alive |= vm->copies[c].host == host && vm->copies[c].state != XN_VM_SHUTOFF;
		if (!alive || all->count == SHARERS_MAX)
			continue;
		all->vms[all->count] = v;
		all->reserved[all->count] = vm->facts.vcpus;
		all->used[all->count] = vm->used_millicores;
		reserved += vm->facts.vcpus;
		all->count++;
	}
	if (core->hosts[host].cpus > reserved)
		all->reserved[all->count] = core->hosts[host].cpus - reserved;
	return all;
}

/* The shares of `total` for VMs and, last, the host; `idle` of it by reservation. */
static int64_t *
share(const struct xn_core *core, const struct sharers *all, int64_t total, int64_t idle)
{
	int64_t *shares = xn_new(core->scratch, int64_t, all->count + 1);
	int64_t *dynamic = xn_new(core->scratch, int64_t, all->count + 1);

	xn_split(idle, all->reserved, all->count + 1, shares);
	xn_split(total - idle, all->used, all->count + 1, dynamic);
	for (uint32_t i = 0; i <= all->count; i++)
		shares[i] += dynamic[i];
	return shares;
}

void
xn_attribution_power(struct xn_core *core, uint32_t host)
{
	struct xn_host *row = &core->hosts[host];
	struct xn_arena mark = *core->scratch;
	struct sharers *all = find_sharers(core, host);
	int64_t idle = row->curve[0].mw < row->power.mw ? row->curve[0].mw : row->power.mw;
	int64_t *shares = share(core, all, row->power.mw, idle);

	for (uint32_t v = row->first_vm; v != XN_NONE; v = core->vms[v].next_of_host)
		core->vms[v].power.mw = 0;
	for (uint32_t i = 0; i < all->count; i++)
		core->vms[all->vms[i]].power.mw = shares[i];
	row->remainder.mw = shares[all->count];
	*core->scratch = mark;
	xn_attribution_check(core, host);
}

static void
give(struct xn_tally *to, int64_t mj, const struct xn_tally *from)
{
	to->energy.mj += mj;
	if (from->estimated.mj > 0)
		to->estimated.mj += mj;
	to->events |= from->events;
	if (from->grade > to->grade)
		to->grade = from->grade;
}

void
xn_attribution_energy(
    struct xn_core *core, uint32_t host, uint32_t slot, const struct xn_tally *tally)
{
	xn_energy energy = tally->energy;
	struct xn_host *row = &core->hosts[host];
	struct xn_arena mark = *core->scratch;
	struct sharers *all = find_sharers(core, host);
	int64_t idle = energy.mj;
	int64_t *shares;

	/* The same part is idle as of the watts. */
	if (row->power.mw > row->curve[0].mw)
		idle = energy.mj / row->power.mw * row->curve[0].mw +
		    energy.mj % row->power.mw * row->curve[0].mw / row->power.mw;
	shares = share(core, all, energy.mj, idle);
	for (uint32_t i = 0; i < all->count; i++) {
		core->vms[all->vms[i]].energy.mj += shares[i];
		give(&core->vms[all->vms[i]].slots[slot], shares[i], tally);
	}
	give(&row->slots[slot], shares[all->count], tally);
	*core->scratch = mark;
}

xn_power
xn_attribution_error(const struct xn_core *core, uint32_t vm)
{
	const struct xn_vm *row = &core->vms[vm];
	const struct xn_host *host = row->host == XN_NONE ? NULL : &core->hosts[row->host];

	if (host == NULL || host->power.mw <= 0)
		return (xn_power){0};
	/* Both below 2^31 mW: no host draws two megawatts. */
	return (xn_power){.mw = host->curve_spread.mw * row->power.mw / host->power.mw};
}

void
xn_attribution_check(const struct xn_core *core, uint32_t host)
{
	const struct xn_host *row = &core->hosts[host];
	int64_t sum = row->remainder.mw;

	assert(sum >= 0);
	for (uint32_t v = row->first_vm; v != XN_NONE; v = core->vms[v].next_of_host) {
		assert(core->vms[v].power.mw >= 0); /* invariant 2 */
		sum += core->vms[v].power.mw;
	}
	assert(sum == row->power.mw); /* invariant 1 */
}
