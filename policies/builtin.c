/* The rules that no policy can switch off: contract section 3. */
#include "policies/state.h"

static const char *
gib(struct xn_arena *arena, int64_t used, int64_t limit)
{
	int64_t tenths[2] = {(used * 10 + 512) / 1024, (limit * 10 + 512) / 1024};

	if (used < 10240 && limit < 10240)
		return xn_text(arena, "%lld of %lld MiB", (long long)used, (long long)limit);
	return xn_text(arena, "%lld.%lld of %lld.%lld GiB", (long long)(tenths[0] / 10),
	    (long long)(tenths[0] % 10), (long long)(tenths[1] / 10), (long long)(tenths[1] % 10));
}

static const char *
watts(struct xn_arena *arena, int64_t mw, int64_t limit_mw)
{
	return xn_text(
	    arena, "%lld of %lld W", (long long)((mw + 999) / 1000), (long long)(limit_mw / 1000));
}

static const char *
degrees(struct xn_arena *arena, int64_t mk, int64_t limit_mk)
{
	int64_t tenths = (mk - XN_KELVIN_ZERO_MK + 99) / 100;
	int64_t limit = (limit_mk - XN_KELVIN_ZERO_MK) / 100;

	return xn_text(arena, "%lld.%lld of %lld.%lld degC", (long long)(tenths / 10),
	    (long long)(tenths % 10), (long long)(limit / 10), (long long)(limit % 10));
}

static uint32_t
host_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	return state->fleet->host_count;
}

static uint32_t
feed_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	return state->fleet->feed_count;
}

static uint32_t
rack_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	return state->fleet->rack_count;
}

static uint32_t
vm_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	return state->fleet->vm_count;
}

static unsigned
touch_host(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)rule;
	(void)state;
	(void)vm;
	ret_keys[0] = host;
	return 1;
}

static unsigned
power_feeds(const struct xn_rule *rule, const struct xn_state *state, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	const struct xn_fleet_rack *rack = &state->fleet->racks[state->fleet->hosts[host].rack];

	(void)rule;
	for (unsigned i = 0; i < rack->feed_count; i++)
		ret_keys[i] = rack->feeds[i];
	return rack->feed_count;
}

static unsigned
touch_feeds(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)vm;
	return power_feeds(rule, state, host, ret_keys);
}

static unsigned
power_rack(const struct xn_rule *rule, const struct xn_state *state, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)rule;
	ret_keys[0] = state->fleet->hosts[host].rack;
	return 1;
}

static unsigned
touch_rack(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)vm;
	return power_rack(rule, state, host, ret_keys);
}

static bool
on_host(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	(void)rule;
	return state->vms[vm].at[0] == key;
}

static bool
on_feed(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	uint32_t host = state->vms[vm].at[0];
	const struct xn_fleet_rack *rack;

	(void)rule;
	if (host == XN_NONE)
		return false;
	rack = &state->fleet->racks[state->fleet->hosts[host].rack];
	for (unsigned i = 0; i < rack->feed_count; i++)
		if (rack->feeds[i] == key)
			return true;
	return false;
}

static bool
in_rack(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	uint32_t host = state->vms[vm].at[0];

	(void)rule;
	return host != XN_NONE && state->fleet->hosts[host].rack == key;
}

static void
about(struct xn_violation *violation, const char *id, const char *why)
{
	violation->about[0] = id;
	violation->about_count = 1;
	violation->why = why;
}

/* ---- cpu, memory, network ---- */

static int64_t
capacity(const struct xn_state *state, enum xn_resource resource, uint32_t host)
{
	const struct xn_fleet_host *row = &state->fleet->hosts[host];

	switch (resource) {
	case XN_RESOURCE_CPU: return row->cpu_millicores;
	case XN_RESOURCE_MEMORY: return state->hosts[host].memory_limit;
	case XN_RESOURCE_NETWORK: break;
	}
	return row->network_mbps;
}

static int64_t
cpu_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)rule;
	return state->hosts[key].counts[XN_RESOURCE_CPU] - capacity(state, XN_RESOURCE_CPU, key);
}

static int64_t
memory_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)rule;
	return state->hosts[key].counts[XN_RESOURCE_MEMORY] - state->hosts[key].memory_limit;
}

static int64_t
network_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)rule;
	return state->hosts[key].counts[XN_RESOURCE_NETWORK] -
	    capacity(state, XN_RESOURCE_NETWORK, key);
}

static void
cpu_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	int64_t used = state->hosts[key].counts[XN_RESOURCE_CPU];
	int64_t limit = capacity(state, XN_RESOURCE_CPU, key);

	(void)rule;
	about(ret_violation, state->fleet->hosts[key].id,
	    xn_text(arena, "%lld.%02lld of %lld.%02lld cores", (long long)(used / 1000),
		(long long)(used % 1000 / 10), (long long)(limit / 1000),
		(long long)(limit % 1000 / 10)));
}

static void
memory_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)rule;
	about(ret_violation, state->fleet->hosts[key].id,
	    gib(arena, state->hosts[key].counts[XN_RESOURCE_MEMORY],
		state->hosts[key].memory_limit));
}

static void
network_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)rule;
	about(ret_violation, state->fleet->hosts[key].id,
	    xn_text(arena, "%lld of %lld Mbit/s",
		(long long)state->hosts[key].counts[XN_RESOURCE_NETWORK],
		(long long)capacity(state, XN_RESOURCE_NETWORK, key)));
}

/* ---- feed, feed_loss ---- */

static int64_t
feed_limit2(const struct xn_state *state, uint32_t key)
{
	const struct xn_fleet_feed *feed = &state->fleet->feeds[key];

	return 2 * feed->rating.mw * feed->max_load.ppm / 1000000;
}

static int64_t
feed_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)rule;
	return state->feeds[key].normal2_mw - feed_limit2(state, key);
}

static int64_t
feed_loss_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)rule;
	return xn_state_feed_loss2(state, key) - 2 * state->fleet->feeds[key].rating.mw;
}

static void
feed_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)rule;
	about(ret_violation, state->fleet->feeds[key].id,
	    watts(arena, state->feeds[key].normal2_mw / 2, feed_limit2(state, key) / 2));
}

static void
feed_loss_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)rule;
	about(ret_violation, state->fleet->feeds[key].id,
	    watts(arena, xn_state_feed_loss2(state, key) / 2, state->fleet->feeds[key].rating.mw));
}

/* ---- inlet ---- */

static int64_t
inlet_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	const struct xn_fleet_rack *rack = &state->fleet->racks[key];

	(void)rule;
	if (rack->inlet_max.mk == 0 || rack->inlet.mk == 0)
		return 0;
	return xn_state_inlet_mk(state, key) - rack->inlet_max.mk;
}

static void
inlet_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	const struct xn_fleet_rack *rack = &state->fleet->racks[key];

	(void)rule;
	about(ret_violation, rack->id,
	    degrees(arena, xn_state_inlet_mk(state, key), rack->inlet_max.mk));
}

/* ---- level ---- */

static bool
level_bars(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host)
{
	(void)rule;
	return state->fleet->vms[vm].security_level > state->fleet->hosts[host].security_level;
}

static int64_t
level_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	for (int i = 0; i < 2; i++)
		if (state->vms[key].at[i] != XN_NONE &&
		    level_bars(rule, state, key, state->vms[key].at[i]))
			return 1;
	return 0;
}

static unsigned
touch_vm(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)rule;
	(void)state;
	(void)host;
	ret_keys[0] = vm;
	return 1;
}

static bool
is_vm(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	(void)rule;
	(void)state;
	return key == vm;
}

static void
level_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	const struct xn_fleet_vm *vm = &state->fleet->vms[key];
	uint32_t host = state->vms[key].at[state->vms[key].at[1] != XN_NONE];

	(void)rule;
	about(ret_violation, vm->id,
	    host == XN_NONE
		? ""
		: xn_text(arena, "level %d on %s, which may hold level %d", vm->security_level,
		      state->fleet->hosts[host].id, state->fleet->hosts[host].security_level));
}

/* ---- maintenance ---- */

static int64_t
maintenance_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)rule;
	return state->fleet->hosts[key].state == XN_HOST_MAINTENANCE && state->hosts[key].vms > 0;
}

static void
maintenance_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)rule;
	about(ret_violation, state->fleet->hosts[key].id,
	    xn_text(arena, "%u VMs in maintenance", (unsigned)state->hosts[key].vms));
}

static const struct xn_rule_ops cpu_rule = {.name = "cpu",
    .keys = host_keys,
    .excess = cpu_excess,
    .touch = touch_host,
    .involves = on_host,
    .tell = cpu_tell};
static const struct xn_rule_ops memory_rule = {.name = "memory",
    .keys = host_keys,
    .excess = memory_excess,
    .touch = touch_host,
    .involves = on_host,
    .tell = memory_tell};
static const struct xn_rule_ops network_rule = {.name = "network",
    .keys = host_keys,
    .excess = network_excess,
    .touch = touch_host,
    .involves = on_host,
    .tell = network_tell};
static const struct xn_rule_ops feed_rule = {.name = "feed",
    .keys = feed_keys,
    .excess = feed_excess,
    .touch = touch_feeds,
    .touch_power = power_feeds,
    .involves = on_feed,
    .tell = feed_tell};
static const struct xn_rule_ops feed_loss_rule = {.name = "feed_loss",
    .keys = feed_keys,
    .excess = feed_loss_excess,
    .touch = touch_feeds,
    .touch_power = power_feeds,
    .involves = on_feed,
    .tell = feed_loss_tell};
static const struct xn_rule_ops inlet_rule = {.name = "inlet",
    .keys = rack_keys,
    .excess = inlet_excess,
    .touch = touch_rack,
    .touch_power = power_rack,
    .involves = in_rack,
    .tell = inlet_tell};
static const struct xn_rule_ops level_rule = {.name = "level",
    .by_vm = true,
    .yes_no = true,
    .keys = vm_keys,
    .excess = level_excess,
    .touch = touch_vm,
    .bars = level_bars,
    .involves = is_vm,
    .tell = level_tell};
static const struct xn_rule_ops maintenance_rule = {.name = "maintenance",
    .yes_no = true,
    .keys = host_keys,
    .excess = maintenance_excess,
    .touch = touch_host,
    .involves = on_host,
    .tell = maintenance_tell};

const struct xn_rule_ops *const xn_builtin_rules[] = {&cpu_rule, &memory_rule, &network_rule,
    &feed_rule, &feed_loss_rule, &inlet_rule, &level_rule, &maintenance_rule, NULL};
