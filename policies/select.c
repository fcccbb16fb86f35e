#include "policies/select.h"

#include <string.h>

#include "common/value.h"

static const struct xn_yaml_key vm_keys[] = {{"vm", false}, {"label", false}, {"group", false},
    {"platform", false}, {"agency", false}, {"security_level", false}, {"all", false},
    {NULL, false}};
static const struct xn_yaml_key host_keys[] = {{"host", false}, {"label", false}, {"rack", false},
    {"room", false}, {"site", false}, {"cluster", false}, {"security_level", false}, {"all", false},
    {NULL, false}};
static const char *const vm_words[XN_SELECT_KEYS] = {"vm", "label", "group", "platform", "agency"};
static const char *const host_words[XN_SELECT_KEYS] = {
    "host", "label", "rack", "room", "site", "cluster"};
static const struct xn_yaml_key rack_keys[] = {
    {"rack", false}, {"room", false}, {"site", false}, {"all", false}, {NULL, false}};
static const char *const rack_words[XN_SELECT_KEYS] = {NULL, NULL, "rack", "room", "site", NULL};

/* One scalar or a list of them. */
static bool
read_words(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    struct xn_words *ret_words)
{
	const char *text;
	bool good = true;

	if (node->kind == XN_YAML_SCALAR) {
		ret_words->word = xn_new(arena, const char *, 1);
		ret_words->given = true;
		ret_words->count = 1;
		return xn_value_text(node, problems, &ret_words->word[0]);
	}
	if (!xn_yaml_check_list(node, problems))
		return false;
	ret_words->given = true;
	ret_words->word = xn_new(arena, const char *, node->count + 1u);
	XN_YAML_EACH (item, node) {
		if (xn_value_text(item, problems, &text))
			ret_words->word[ret_words->count++] = text;
		else
			good = false;
	}
	return good;
}

static bool
read_level_item(const struct xn_yaml *node, struct xn_problems *problems, unsigned *ret_levels)
{
	const char *text;
	int low;
	int high;

	if (!xn_value_text(node, problems, &text))
		return false;
	low = high = text[0] - '0';
	if (strlen(text) == 3 && text[1] == '-')
		high = text[2] - '0';
	if ((strlen(text) != 1 && strlen(text) != 3) || low < 1 || low > high || high > 5 ||
	    (strlen(text) == 3 && text[1] != '-')) {
		xn_problem_add(problems, node->mark, "write 4, [4, 5] or 4-5",
		    "'%.64s' is no security level: levels are 1 to 5", text);
		return false;
	}
	for (; low <= high; low++)
		*ret_levels |= 1u << low;
	return true;
}

bool
xn_select_read_levels(
    const struct xn_yaml *node, struct xn_problems *problems, unsigned *ret_levels)
{
	bool good = true;

	*ret_levels = 0;
	if (node->kind == XN_YAML_SCALAR)
		return read_level_item(node, problems, ret_levels);
	if (!xn_yaml_check_list(node, problems))
		return false;
	XN_YAML_EACH (item, node)
		good &= read_level_item(item, problems, ret_levels);
	return good;
}

/* The one reader behind the three below. */
static bool
read_select(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    const struct xn_yaml_key *schema, const char *const *words, struct xn_select *ret_select)
{
	const struct xn_yaml *value;
	bool good = true;
	bool on;

	memset(ret_select, 0, sizeof(*ret_select));
	if (!xn_yaml_check_map(node, schema, problems))
		return false;
	if (node->count == 0) {
		xn_problem_add(
		    problems, node->mark, "write {all: true} for every one", "nothing is selected");
		return false;
	}
	for (unsigned i = 0; i < XN_SELECT_KEYS; i++) {
		value = words[i] == NULL ? NULL : xn_yaml_get(node, words[i]);
		if (value != NULL)
			good &= read_words(arena, value, problems, &ret_select->keys[i]);
	}
	value = xn_yaml_get(node, "security_level");
	if (value != NULL)
		good &= xn_select_read_levels(value, problems, &ret_select->levels);
	value = xn_yaml_get(node, "all");
	if (value != NULL && xn_value_switch(value, problems, &on)) {
		if (!on)
			xn_problem_add(problems, value->mark, NULL, "'all' can only be true");
		good &= on;
	}
	return good;
}

bool
xn_select_read_vms(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    struct xn_select *ret_select)
{
	return read_select(arena, node, problems, vm_keys, vm_words, ret_select);
}

bool
xn_select_read_hosts(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, struct xn_select *ret_select)
{
	return read_select(arena, node, problems, host_keys, host_words, ret_select);
}

bool
xn_select_read_racks(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, struct xn_select *ret_select)
{
	memset(ret_select, 0, sizeof(*ret_select));
	if (node->kind == XN_YAML_LIST)
		return read_words(arena, node, problems, &ret_select->keys[XN_PICK_RACK]);
	return read_select(arena, node, problems, rack_keys, rack_words, ret_select);
}

static bool
has_word(const struct xn_words *words, const char *text)
{
	if (!words->given)
		return true;
	for (unsigned i = 0; text != NULL && i < words->count; i++)
		if (strcmp(words->word[i], text) == 0)
			return true;
	return false;
}

/* Whether one of the words is among blank-separated labels. */
static bool
has_label(const struct xn_words *words, const char *labels)
{
	if (!words->given)
		return true;
	for (unsigned i = 0; labels != NULL && i < words->count; i++) {
		size_t length = strlen(words->word[i]);

		for (const char *at = labels;
		     length > 0 && (at = strstr(at, words->word[i])) != NULL; at++)
			if ((at == labels || at[-1] == ' ') &&
			    (at[length] == ' ' || at[length] == '\0'))
				return true;
	}
	return false;
}

static bool
has_level(unsigned levels, int level)
{
	return levels == 0 || (level >= 0 && level < 32 && (levels & 1u << level) != 0);
}

bool
xn_select_vm(const struct xn_select *select, const struct xn_fleet_vm *vm)
{
	return has_word(&select->keys[XN_SELECT_VM], vm->id) &&
	    has_label(&select->keys[XN_SELECT_LABEL], vm->labels) &&
	    has_word(&select->keys[XN_SELECT_GROUP], vm->group) &&
	    has_word(&select->keys[XN_SELECT_PLATFORM], vm->platform) &&
	    has_word(&select->keys[XN_SELECT_AGENCY], vm->agency) &&
	    has_level(select->levels, vm->security_level);
}

bool
xn_select_host(
    const struct xn_select *select, const struct xn_fleet *fleet, const struct xn_fleet_host *host)
{
	return has_word(&select->keys[XN_PICK_HOST], host->id) &&
	    has_label(&select->keys[XN_PICK_LABEL], host->labels) &&
	    has_word(&select->keys[XN_PICK_CLUSTER], host->cluster) &&
	    has_level(select->levels, host->security_level) &&
	    xn_select_rack(select, &fleet->racks[host->rack]);
}

bool
xn_select_rack(const struct xn_select *select, const struct xn_fleet_rack *rack)
{
	return has_word(&select->keys[XN_PICK_RACK], rack->id) &&
	    has_word(&select->keys[XN_PICK_ROOM], rack->room) &&
	    has_word(&select->keys[XN_PICK_SITE], rack->site);
}

void
xn_intern_init(struct xn_intern *intern, struct xn_arena *arena, uint32_t most)
{
	uint32_t size = 16;

	while (size < most * 2)
		size *= 2;
	intern->names = xn_new(arena, const char *, most + 1u);
	intern->count = 0;
	intern->slots = xn_new(arena, uint32_t, size);
	intern->slot_mask = size - 1;
}

/* The slot where this text is, or would be. */
static uint32_t
slot_of(const struct xn_intern *intern, const char *text)
{
	uint32_t hash = 2166136261u;
	uint32_t slot;

	for (const char *at = text; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	for (slot = hash & intern->slot_mask;
	     intern->slots[slot] != 0 && strcmp(intern->names[intern->slots[slot] - 1], text) != 0;)
		slot = (slot + 1) & intern->slot_mask;
	return slot;
}

uint32_t
xn_intern_of(struct xn_intern *intern, const char *text)
{
	uint32_t slot;

	if (text == NULL)
		return XN_NONE;
	slot = slot_of(intern, text);
	if (intern->slots[slot] == 0) {
		intern->names[intern->count] = text;
		intern->slots[slot] = ++intern->count;
	}
	return intern->slots[slot] - 1;
}

uint32_t
xn_intern_find(const struct xn_intern *intern, const char *text)
{
	uint32_t slot = slot_of(intern, text);

	return intern->slots[slot] == 0 ? XN_NONE : intern->slots[slot] - 1;
}

static const char *
domain_name(const struct xn_fleet *fleet, const struct xn_fleet_host *host, enum xn_domain kind)
{
	switch (kind) {
	case XN_DOMAIN_HOST: return host->id;
	case XN_DOMAIN_RACK: return fleet->racks[host->rack].id;
	case XN_DOMAIN_ROOM: return fleet->racks[host->rack].room;
	case XN_DOMAIN_SITE: return fleet->racks[host->rack].site;
	case XN_DOMAIN_CLUSTER: return host->cluster;
	case XN_DOMAIN_ALL: break;
	}
	return "all";
}

void
xn_domains_make(struct xn_arena *arena, const struct xn_fleet *fleet, enum xn_domain kind,
    struct xn_domains *ret_domains)
{
	uint32_t *of = xn_new(arena, uint32_t, fleet->host_count + 1u);
	struct xn_intern intern;

	xn_intern_init(&intern, arena, fleet->host_count + 1);
	for (uint32_t h = 0; h < fleet->host_count; h++)
		of[h] = xn_intern_of(&intern, domain_name(fleet, &fleet->hosts[h], kind));
	if (kind == XN_DOMAIN_ALL)
		xn_intern_of(&intern, "all");
	*ret_domains = (struct xn_domains){.of = of, .names = intern.names, .count = intern.count};
}

static const char *
set_name(const struct xn_fleet_vm *vm, enum xn_by by)
{
	switch (by) {
	case XN_BY_GROUP: return vm->group;
	case XN_BY_PLATFORM: return vm->platform;
	case XN_BY_AGENCY: return vm->agency;
	case XN_BY_ALL: break;
	}
	return "all";
}

void
xn_sets_make(struct xn_arena *arena, const struct xn_fleet *fleet, const struct xn_select *select,
    enum xn_by by, struct xn_sets *ret_sets)
{
	uint32_t *of = xn_new(arena, uint32_t, fleet->vm_count + 1u);
	uint32_t *member = xn_new(arena, uint32_t, fleet->vm_count + 1u);
	struct xn_intern intern;
	uint32_t *start;

	xn_intern_init(&intern, arena, fleet->vm_count + 1);
	for (uint32_t v = 0; v < fleet->vm_count; v++) {
		const struct xn_fleet_vm *vm = &fleet->vms[v];
		bool in = vm->running && xn_select_vm(select, vm);

		of[v] = in ? xn_intern_of(&intern, set_name(vm, by)) : XN_NONE;
	}
	/* Counting sort: start[s + 1] first counts, then becomes where set s + 1 begins. */
	start = xn_new(arena, uint32_t, intern.count + 3u);
	for (uint32_t v = 0; v < fleet->vm_count; v++)
		if (of[v] != XN_NONE)
			start[of[v] + 2]++;
	for (uint32_t s = 0; s < intern.count; s++)
		start[s + 2] += start[s + 1];
	for (uint32_t v = 0; v < fleet->vm_count; v++)
		if (of[v] != XN_NONE)
			member[start[of[v] + 1]++] = v;
	*ret_sets = (struct xn_sets){.of = of,
	    .names = intern.names,
	    .count = intern.count,
	    .start = start,
	    .member = member};
}
