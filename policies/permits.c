/* What a plan may touch at all: contract sections 3 (never, hold), 4 (plan constraints) and 5. */
#include "policies/search.h"

extern const struct xn_constraint xn_constraint_root;
extern const struct xn_constraint xn_constraint_quarantine;
extern const struct xn_constraint xn_constraint_precedence;

/* Names that stand in `about` of what the snapshot breaks, and of its built-in rules. */
struct named {
	struct xn_intern all;
	bool *builtin;
};

static bool
is_named(const struct named *named, const char *id, bool builtin_only)
{
	uint32_t i = xn_intern_find(&named->all, id);

	return i != XN_NONE && (!builtin_only || named->builtin[i]);
}

static void
name_all(struct named *named, struct xn_arena *arena, const struct xn_outlook *before)
{
	xn_intern_init(&named->all, arena, before->violation_count * 2 + 1);
	named->builtin = xn_new(arena, bool, before->violation_count * 2u + 1u);
	for (uint32_t i = 0; i < before->violation_count; i++) {
		const struct xn_violation *row = &before->violations[i];

		for (unsigned a = 0; a < row->about_count; a++)
			named->builtin[xn_intern_of(&named->all, row->about[a])] |= row->index < 0;
	}
}

/* The VM, its host, its rack; of a freeze also a feed of the rack. */
static bool
vm_named(const struct xn_search *search, const struct named *named, uint32_t v, bool freeze)
{
	const struct xn_fleet *fleet = search->fleet;
	const struct xn_fleet_host *host = &fleet->hosts[fleet->vms[v].host];
	const struct xn_fleet_rack *rack = &fleet->racks[host->rack];

	if (is_named(named, fleet->vms[v].id, freeze) || is_named(named, host->id, freeze) ||
	    is_named(named, rack->id, freeze))
		return true;
	for (unsigned i = 0; freeze && i < rack->feed_count; i++)
		if (is_named(named, fleet->feeds[rack->feeds[i]].id, true))
			return true;
	return false;
}

static bool
in_hold(const struct xn_fleet *fleet, uint32_t host)
{
	enum xn_quality quality = fleet->racks[fleet->hosts[host].rack].inlet_quality;

	return quality == XN_QUALITY_SUSPECT || quality == XN_QUALITY_STALE ||
	    quality == XN_QUALITY_ABSENT;
}

static void
permit_hosts(struct xn_search *search)
{
	const struct xn_fleet *fleet = search->fleet;
	const struct xn_policy *policy = search->policy;

	for (uint32_t h = 0; h < fleet->host_count; h++) {
		const struct xn_fleet_host *host = &fleet->hosts[h];
		bool open = xn_state_in_scope(&search->state, h) && !in_hold(fleet, h);

		for (unsigned c = 0; policy != NULL && c < policy->clause_count; c++)
			if (policy->clauses[c].constraint == &xn_constraint_quarantine &&
			    xn_select_host(&policy->clauses[c].terms.hosts, fleet, host))
				open = false;
		search->may_wake[h] = open && host->state == XN_HOST_SLEEP;
		search->may_enter[h] =
		    open && (host->state == XN_HOST_ON || host->state == XN_HOST_SLEEP);
		search->may_sleep[h] = open && host->state == XN_HOST_ON && host->can_sleep &&
		    !search->frozen && policy != NULL && policy->has_power_off &&
		    xn_select_host(&policy->sleepers, fleet, host);
	}
}

/* Whether a policy lets this VM leave this host. */
static bool
policy_lets_leave(const struct xn_search *search, uint32_t v)
{
	const struct xn_fleet_vm *vm = &search->fleet->vms[v];
	const struct xn_fleet_host *host = &search->fleet->hosts[vm->host];
	const struct xn_policy *policy = search->policy;

	if (policy == NULL)
		return true;
	if (policy->moves.per_vm >= 0 && vm->moves_today >= policy->moves.per_vm)
		return false;
	for (unsigned c = 0; c < policy->clause_count; c++) {
		const struct xn_clause *clause = &policy->clauses[c];

		if ((clause->constraint == &xn_constraint_root &&
			xn_select_vm(&clause->terms.select, vm)) ||
		    (clause->constraint == &xn_constraint_quarantine &&
			xn_select_host(&clause->terms.hosts, search->fleet, host)))
			return false;
	}
	for (unsigned i = 0; i < policy->level_count; i++)
		if (policy->levels[i].migrate == XN_MIGRATE_NEVER && vm->security_level >= 0 &&
		    vm->security_level < 32 &&
		    (policy->levels[i].levels & 1u << vm->security_level) != 0)
			return false;
	return true;
}

static bool
may_leave(const struct xn_search *search, const struct named *named, uint32_t v)
{
	const struct xn_fleet_vm *vm = &search->fleet->vms[v];
	const struct xn_fleet_host *host;

	if (!vm->running)
		return false;
	if (vm->host == XN_NONE)
		return true; /* to be placed */
	host = &search->fleet->hosts[vm->host];
	if (!vm->movable || host->state == XN_HOST_UNREACHABLE || host->state == XN_HOST_OFF ||
	    host->state == XN_HOST_SLEEP || !xn_state_in_scope(&search->state, vm->host))
		return false;
	if (in_hold(search->fleet, vm->host) && !vm_named(search, named, v, false))
		return false;
	if (search->frozen && !vm_named(search, named, v, true))
		return false;
	return policy_lets_leave(search, v);
}

/* A VM that must move before and after itself does not move. */
static void
permit_precedence(struct xn_search *search)
{
	const struct xn_policy *policy = search->policy;
	const struct xn_fleet *fleet = search->fleet;

	for (unsigned c = 0; policy != NULL && c < policy->clause_count; c++) {
		const struct xn_clause *clause = &policy->clauses[c];

		if (clause->constraint != &xn_constraint_precedence)
			continue;
		if (search->is_first == NULL) {
			search->is_first = xn_new(search->arena, bool, fleet->vm_count + 1u);
			search->is_then = xn_new(search->arena, bool, fleet->vm_count + 1u);
		}
		for (uint32_t v = 0; v < fleet->vm_count; v++) {
			bool first = xn_select_vm(&clause->terms.select, &fleet->vms[v]);
			bool then = xn_select_vm(&clause->terms.then, &fleet->vms[v]);

			search->is_first[v] |= first;
			search->is_then[v] |= then;
			if (first && then)
				search->may_leave[v] = false;
		}
	}
}

void
xn_permits_make(struct xn_search *search, const struct xn_outlook *before)
{
	const struct xn_fleet *fleet = search->fleet;
	struct named named;

	search->may_leave = xn_new(search->arena, bool, fleet->vm_count + 1u);
	search->may_enter = xn_new(search->arena, bool, fleet->host_count + 1u);
	search->may_wake = xn_new(search->arena, bool, fleet->host_count + 1u);
	search->may_sleep = xn_new(search->arena, bool, fleet->host_count + 1u);
	search->frozen = search->policy != NULL &&
	    xn_policy_frozen(search->policy, fleet->now, fleet->utc_offset_s) != NULL;
	name_all(&named, search->arena, before);
	permit_hosts(search);
	for (uint32_t v = 0; v < fleet->vm_count; v++)
		search->may_leave[v] = may_leave(search, &named, v);
	permit_precedence(search);
}
