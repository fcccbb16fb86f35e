#include "policies/policy.h"

#include <string.h>

#include "common/text.h"
#include "common/value.h"
#include "policies/language.h"

static const struct xn_yaml_key policy_keys[] = {{"kind", true}, {"name", true}, {"mode", false},
    {"clusters", false}, {"constraints", false}, {"security_levels", false}, {"objectives", false},
    {"deferrable", false}, {"moves", false}, {"power_off", false}, {NULL, false}};
static const struct xn_yaml_key level_keys[] = {
    {"level", true}, {"hosts", true}, {"racks", false}, {"migrate", false}, {NULL, false}};
static const struct xn_yaml_key objective_keys[] = {
    {"minimise", true}, {"weight", false}, {NULL, false}};
static const struct xn_yaml_key power_off_keys[] = {
    {"idle_for", false}, {"keep_spare_hosts", false}, {"hosts", false}, {NULL, false}};

static const struct xn_constraint *
find_constraint(const struct xn_yaml *key, struct xn_problems *problems, struct xn_arena *arena)
{
	const char *nearest = NULL;
	unsigned best = xn_text_slips(key->text);

	for (unsigned i = 0; xn_constraints[i] != NULL; i++) {
		unsigned distance;

		if (strcmp(xn_constraints[i]->name, key->text) == 0)
			return xn_constraints[i];
		distance = xn_text_distance(xn_constraints[i]->name, key->text, best);
		if (distance <= best) {
			best = distance;
			nearest = xn_constraints[i]->name;
		}
	}
	xn_problem_add(problems, key->mark,
	    nearest == NULL ? NULL : xn_text(arena, "did you mean '%s'?", nearest),
	    "unknown constraint '%.64s'", key->text);
	return NULL;
}

static void
read_constraints(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    struct xn_policy *policy)
{
	if (!xn_yaml_check_list(node, problems))
		return;
	policy->clauses = xn_new(arena, struct xn_clause, node->count + 1u);
	XN_YAML_EACH (item, node) {
		struct xn_clause *clause = &policy->clauses[policy->clause_count++];

		if (item->kind != XN_YAML_MAP || item->count != 1) {
			xn_problem_add(problems, item->mark, "write - spread: {...}",
			    "a constraint is a map with exactly one key, its name");
			continue;
		}
		clause->constraint = find_constraint(item->first->key, problems, arena);
		if (clause->constraint != NULL)
			xn_terms_read(
			    arena, clause->constraint, item->first, problems, &clause->terms);
	}
}

static void
read_level(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    unsigned *seen, struct xn_level *level)
{
	static const char *const hosts[] = {"shared", "separated", "dedicated", NULL};
	static const char *const migrate[] = {"any", "tls-only", "never", NULL};
	const struct xn_yaml *value;
	int choice;

	if (!xn_yaml_check_map(node, level_keys, problems))
		return;
	value = xn_yaml_get(node, "level");
	if (value != NULL && xn_select_read_levels(value, problems, &level->levels)) {
		if ((*seen & level->levels) != 0)
			xn_problem_add(problems, value->mark, NULL,
			    "a security level is named by an earlier item already");
		*seen |= level->levels;
	}
	value = xn_yaml_get(node, "hosts");
	if (value != NULL && xn_value_choice(value, problems, hosts, &choice))
		level->hosts = (enum xn_level_hosts)choice;
	value = xn_yaml_get(node, "racks");
	if (value != NULL)
		level->has_racks = xn_select_read_racks(arena, value, problems, &level->racks);
	value = xn_yaml_get(node, "migrate");
	if (value != NULL && xn_value_choice(value, problems, migrate, &choice))
		level->migrate = (enum xn_level_migrate)choice;
}

static void
read_levels(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    struct xn_policy *policy)
{
	unsigned seen = 0;

	if (!xn_yaml_check_list(node, problems))
		return;
	policy->levels = xn_new(arena, struct xn_level, node->count + 1u);
	XN_YAML_EACH (item, node)
		read_level(arena, item, problems, &seen, &policy->levels[policy->level_count++]);
}

static void
read_objectives(const struct xn_yaml *node, struct xn_problems *problems, struct xn_policy *policy)
{
	static const char *const words[] = {"energy", "carbon", "cost", "moves", NULL};

	if (!xn_yaml_check_list(node, problems))
		return;
	XN_YAML_EACH (item, node) {
		const struct xn_yaml *what;
		const struct xn_yaml *weight;
		int64_t milli = 1000;
		int choice;

		if (!xn_yaml_check_map(item, objective_keys, problems))
			continue;
		what = xn_yaml_get(item, "minimise");
		weight = xn_yaml_get(item, "weight");
		if (weight != NULL && xn_value_number(weight, problems, &milli) &&
		    (milli <= 0 || milli > 1000000000)) {
			xn_problem_add(problems, weight->mark, NULL,
			    "a weight is a number above 0, at most 1000000");
			milli = 1000;
		}
		if (what != NULL && xn_value_choice(what, problems, words, &choice))
			policy->weights[choice] += milli;
	}
}

static void
read_power_off(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    struct xn_policy *policy)
{
	const struct xn_yaml *value;

	if (!xn_yaml_check_map(node, power_off_keys, problems))
		return;
	policy->has_power_off = true;
	value = xn_yaml_get(node, "idle_for");
	if (value != NULL)
		xn_value_time(value, problems, &policy->idle_for);
	value = xn_yaml_get(node, "keep_spare_hosts");
	if (value != NULL)
		xn_value_count(value, problems, &policy->keep_spare_hosts);
	value = xn_yaml_get(node, "hosts");
	if (value != NULL)
		xn_select_read_hosts(arena, value, problems, &policy->sleepers);
}

static void
read_clusters(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    struct xn_policy *policy)
{
	const char *name;

	if (!xn_yaml_check_list(node, problems))
		return;
	policy->clusters.given = true;
	policy->clusters.word = xn_new(arena, const char *, node->count + 1u);
	XN_YAML_EACH (item, node)
		if (xn_value_name(item, problems, &name))
			policy->clusters.word[policy->clusters.count++] = name;
}

static void
read_head(const struct xn_yaml *document, struct xn_problems *problems, struct xn_policy *policy)
{
	static const char *const kinds[] = {"policy", NULL};
	static const char *const modes[] = {"observe", "approve", "auto", NULL};
	const struct xn_yaml *value = xn_yaml_get(document, "kind");
	int choice;

	if (value != NULL)
		xn_value_choice(value, problems, kinds, &choice);
	value = xn_yaml_get(document, "name");
	if (value != NULL)
		xn_value_name(value, problems, &policy->name);
	value = xn_yaml_get(document, "mode");
	if (value != NULL && xn_value_choice(value, problems, modes, &choice))
		policy->mode = (enum xn_policy_mode)choice;
}

const struct xn_policy *
xn_policy_compile(
    struct xn_arena *arena, const struct xn_yaml *document, struct xn_problems *problems)
{
	struct xn_policy *policy = xn_new(arena, struct xn_policy, 1);
	unsigned before = problems->count;
	const struct xn_yaml *value;

	policy->source = document->mark.source;
	policy->name = "";
	policy->mode = XN_MODE_APPROVE;
	policy->moves = (struct xn_moves_limits){
	    .per_hour = -1, .at_once = 1, .per_vm = -1, .horizon = xn_seconds(24 * 3600)};
	if (!xn_yaml_check_map(document, policy_keys, problems))
		return NULL;
	read_head(document, problems, policy);
	if ((value = xn_yaml_get(document, "clusters")) != NULL)
		read_clusters(arena, value, problems, policy);
	if ((value = xn_yaml_get(document, "constraints")) != NULL)
		read_constraints(arena, value, problems, policy);
	if ((value = xn_yaml_get(document, "security_levels")) != NULL)
		read_levels(arena, value, problems, policy);
	if ((value = xn_yaml_get(document, "objectives")) != NULL)
		read_objectives(value, problems, policy);
	if ((value = xn_yaml_get(document, "deferrable")) != NULL)
		xn_policy_read_deferrable(arena, value, problems, &policy->deferrable_count);
	if ((value = xn_yaml_get(document, "moves")) != NULL)
		xn_policy_read_moves(arena, value, problems, &policy->moves);
	if ((value = xn_yaml_get(document, "power_off")) != NULL)
		read_power_off(arena, value, problems, policy);
	return problems->count == before ? policy : NULL;
}

const char *
xn_policy_name(const struct xn_policy *policy)
{
	return policy->name;
}

enum xn_policy_mode
xn_policy_mode(const struct xn_policy *policy)
{
	return policy->mode;
}

const struct xn_source *
xn_policy_source(const struct xn_policy *policy)
{
	return policy->source;
}

int
xn_policy_at_once(const struct xn_policy *policy)
{
	return policy->moves.at_once > 1000 ? 1000 : (int)policy->moves.at_once;
}
