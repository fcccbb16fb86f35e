#include "common/yaml.h"

#include <assert.h>
#include <string.h>

#include "common/text.h"

const struct xn_yaml *
xn_yaml_get(const struct xn_yaml *map, const char *key)
{
	if (map == NULL || map->kind != XN_YAML_MAP)
		return NULL;
	XN_YAML_EACH (value, map) {
		assert(value->key != NULL && value->key->text != NULL); /* invariant 1 */
		if (strcmp(value->key->text, key) == 0)
			return value;
	}
	return NULL;
}

struct xn_mark
xn_yaml_place(const struct xn_yaml *node)
{
	return node->key != NULL ? node->key->mark : node->mark;
}

static const char *
kind_word(enum xn_yaml_kind kind)
{
	switch (kind) {
	case XN_YAML_SCALAR: return "a single value";
	case XN_YAML_MAP: return "a map";
	case XN_YAML_LIST: return "a list";
	}
	return "";
}

static bool
check_kind(const struct xn_yaml *node, enum xn_yaml_kind kind, const char *advice,
    struct xn_problems *problems)
{
	if (node->spoiled)
		return false;
	if (node->kind == kind)
		return true;
	xn_problem_add(problems, node->mark, advice, "expected %s, found %s", kind_word(kind),
	    node->kind == XN_YAML_SCALAR && node->text[0] == '\0' ? "nothing"
								  : kind_word(node->kind));
	return false;
}

static const char *
nearest_key(const char *text, const struct xn_yaml_key *schema)
{
	unsigned best = xn_text_slips(text) + 1;
	const char *nearest = NULL;

	for (; schema->name != NULL; schema++) {
		unsigned distance = xn_text_distance(text, schema->name, best);

		if (distance < best) {
			best = distance;
			nearest = schema->name;
		}
	}
	return nearest;
}

static void
add_unknown(
    const struct xn_yaml *key, const struct xn_yaml_key *schema, struct xn_problems *problems)
{
	const char *nearest = xn_problems_listen(problems) ? nearest_key(key->text, schema) : NULL;
	char advice[512];
	size_t used = 0;

	if (nearest != NULL)
		snprintf(advice, sizeof(advice), "did you mean '%s'?", nearest);
	else
		for (const struct xn_yaml_key *known = schema; known->name != NULL; known++)
			if (used < sizeof(advice))
				used += (size_t)snprintf(advice + used, sizeof(advice) - used,
				    "%s%s", used == 0 ? "known keys: " : ", ", known->name);
	xn_problem_add(problems, key->mark, nearest == NULL && used == 0 ? NULL : advice,
	    "unknown key '%.64s'", key->text);
}

bool
xn_yaml_check_map(
    const struct xn_yaml *node, const struct xn_yaml_key *schema, struct xn_problems *problems)
{
	const struct xn_yaml_key *key;

	if (!check_kind(node, XN_YAML_MAP, NULL, problems))
		return false;
	XN_YAML_EACH (value, node) {
		for (key = schema; key->name != NULL; key++)
			if (strcmp(key->name, value->key->text) == 0)
				break;
		if (key->name == NULL && !value->key->spoiled)
			add_unknown(value->key, schema, problems);
	}
	for (key = schema; key->name != NULL; key++)
		if (key->required && !node->cut && xn_yaml_get(node, key->name) == NULL)
			xn_problem_add(problems, xn_yaml_place(node), NULL,
			    "required key '%s' is missing", key->name);
	return true;
}

bool
xn_yaml_check_names(const struct xn_yaml *node, struct xn_problems *problems)
{
	return check_kind(node, XN_YAML_MAP, NULL, problems);
}

bool
xn_yaml_check_list(const struct xn_yaml *node, struct xn_problems *problems)
{
	return check_kind(
	    node, XN_YAML_LIST, "a list is written [a, b] or with '- ' on lines", problems);
}

bool
xn_yaml_check_scalar(const struct xn_yaml *node, struct xn_problems *problems)
{
	return check_kind(node, XN_YAML_SCALAR, NULL, problems);
}
