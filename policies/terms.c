#include "policies/terms.h"

#include "common/value.h"

static const char *const by_words[] = {"group", "platform", "agency", "all", NULL};
static const char *const domain_words[] = {"host", "rack", "room", "site", "cluster", "all", NULL};
static const char *const place_words[] = {"host", "rack", "room", "site", NULL};
static const char *const resource_words[] = {"cpu", "memory", "network", NULL};
static const char *const dense_words[] = {"cpu", "memory", NULL};
static const char *const survive_words[] = {"none", "one-feed", NULL};

static bool
read_choice(const struct xn_yaml *node, struct xn_problems *problems, const char *const *words,
    int *ret_choice)
{
	return xn_value_choice(node, problems, words, ret_choice);
}

static bool
read_sets(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    enum xn_field_kind kind, struct xn_terms *terms)
{
	bool good = true;

	if (!xn_yaml_check_list(node, problems))
		return false;
	terms->sets = xn_new(arena, struct xn_select, node->count + 1u);
	XN_YAML_EACH (item, node) {
		struct xn_select *set = &terms->sets[terms->set_count++];

		good &= kind == XN_FIELD_VM_SETS ? xn_select_read_vms(arena, item, problems, set)
						 : xn_select_read_hosts(arena, item, problems, set);
	}
	return good;
}

static bool
read_amount(const struct xn_yaml *node, struct xn_problems *problems, enum xn_resource resource,
    int64_t *ret_amount)
{
	switch (resource) {
	case XN_RESOURCE_CPU: return xn_value_cores(node, problems, ret_amount);
	case XN_RESOURCE_MEMORY: return xn_value_memory(node, problems, ret_amount);
	case XN_RESOURCE_NETWORK: break;
	}
	return xn_value_bandwidth(node, problems, ret_amount);
}

static bool
read_number(const struct xn_yaml *node, struct xn_problems *problems, enum xn_field_kind kind,
    struct xn_terms *terms)
{
	xn_temperature heat;
	xn_power power;
	xn_ratio share;

	if (kind == XN_FIELD_COUNT)
		return xn_value_count(node, problems, &terms->max);
	if (kind == XN_FIELD_POWER && xn_value_power(node, problems, &power)) {
		terms->max = power.mw;
		return true;
	}
	if (kind == XN_FIELD_TEMPERATURE && xn_value_temperature(node, problems, &heat)) {
		terms->max = heat.mk;
		return true;
	}
	if (kind == XN_FIELD_SHARE && xn_value_share(node, problems, &share)) {
		terms->max = share.ppm;
		return true;
	}
	if (kind == XN_FIELD_RATIO && xn_value_number(node, problems, &terms->ratio)) {
		if (terms->ratio > 0 && terms->ratio <= 1000000)
			return true;
		xn_problem_add(
		    problems, node->mark, NULL, "a ratio is a number above 0, at most 1000");
	}
	return false;
}

static bool
read_word(const struct xn_yaml *node, struct xn_problems *problems, enum xn_field_kind kind,
    struct xn_terms *terms)
{
	int choice;
	bool on;

	if (kind == XN_FIELD_BY && read_choice(node, problems, by_words, &choice)) {
		terms->by = (enum xn_by)choice;
		return true;
	}
	if ((kind == XN_FIELD_DOMAIN && read_choice(node, problems, place_words, &choice)) ||
	    (kind == XN_FIELD_DOMAIN_ANY && read_choice(node, problems, domain_words, &choice))) {
		terms->domain = (enum xn_domain)choice;
		return true;
	}
	if ((kind == XN_FIELD_RESOURCE && read_choice(node, problems, resource_words, &choice)) ||
	    (kind == XN_FIELD_CPU_OR_MEMORY && read_choice(node, problems, dense_words, &choice))) {
		terms->resource = (enum xn_resource)choice;
		return true;
	}
	if (kind == XN_FIELD_SURVIVE && read_choice(node, problems, survive_words, &choice)) {
		terms->survive = choice == 1;
		return true;
	}
	if (kind == XN_FIELD_CONTINUOUS && xn_value_switch(node, problems, &on)) {
		terms->at_end = !on;
		return true;
	}
	return false;
}

static bool
read_field(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    enum xn_field_kind kind, struct xn_terms *terms)
{
	switch (kind) {
	case XN_FIELD_SELECT: return xn_select_read_vms(arena, node, problems, &terms->select);
	case XN_FIELD_THEN: return xn_select_read_vms(arena, node, problems, &terms->then);
	case XN_FIELD_HOSTS: return xn_select_read_hosts(arena, node, problems, &terms->hosts);
	case XN_FIELD_RACKS: return xn_select_read_racks(arena, node, problems, &terms->racks);
	case XN_FIELD_VM_SETS:
	case XN_FIELD_HOST_SETS: return read_sets(arena, node, problems, kind, terms);
	case XN_FIELD_AMOUNT: return read_amount(node, problems, terms->resource, &terms->max);
	case XN_FIELD_BY:
	case XN_FIELD_DOMAIN:
	case XN_FIELD_DOMAIN_ANY:
	case XN_FIELD_RESOURCE:
	case XN_FIELD_CPU_OR_MEMORY:
	case XN_FIELD_SURVIVE:
	case XN_FIELD_CONTINUOUS: return read_word(node, problems, kind, terms);
	case XN_FIELD_COUNT:
	case XN_FIELD_POWER:
	case XN_FIELD_TEMPERATURE:
	case XN_FIELD_SHARE:
	case XN_FIELD_RATIO: break;
	}
	return read_number(node, problems, kind, terms);
}

bool
xn_terms_read(struct xn_arena *arena, const struct xn_constraint *constraint,
    const struct xn_yaml *node, struct xn_problems *problems, struct xn_terms *ret_terms)
{
	struct xn_yaml_key schema[XN_FIELDS_MAX + 1] = {{NULL, false}};
	bool good = true;
	bool resource_known = true;

	*ret_terms = constraint->defaults;
	for (unsigned i = 0; i < XN_FIELDS_MAX && constraint->fields[i].name != NULL; i++)
		schema[i] = (struct xn_yaml_key){
		    constraint->fields[i].name, constraint->fields[i].required};
	if (!xn_yaml_check_map(node, schema, problems))
		return false;
	for (unsigned i = 0; i < XN_FIELDS_MAX && constraint->fields[i].name != NULL; i++) {
		const struct xn_field *field = &constraint->fields[i];
		const struct xn_yaml *value = xn_yaml_get(node, field->name);
		bool read;

		/* Without a resource an amount's unit cannot be judged. */
		if (value == NULL || (field->kind == XN_FIELD_AMOUNT && !resource_known)) {
			resource_known &= value != NULL || field->kind != XN_FIELD_RESOURCE;
			good &= value != NULL || !field->required;
			continue;
		}
		read = read_field(arena, value, problems, field->kind, ret_terms);
		resource_known &= read || field->kind != XN_FIELD_RESOURCE;
		good &= read;
	}
	return good;
}
