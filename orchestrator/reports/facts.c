#include "orchestrator/reports/facts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/value.h"
#include "orchestrator/reports/evidence.h"

#define PATH_SIZE 4096

static void
take_fields(
    struct xn_arena *arena, xn_node map, struct xn_problems *problems, struct xn_facts *facts)
{
	struct xn_facts_field *fields;

	if (map == NULL || !xn_yaml_check_names(map, problems))
		return;
	fields = xn_new(arena, struct xn_facts_field, map->count + 1);
	XN_YAML_EACH (entry, map) {
		struct xn_facts_field *field = &fields[facts->field_count];

		field->name = entry->key->text;
		if (xn_value_text(entry, problems, &field->value))
			facts->field_count++;
	}
	facts->fields = fields;
}

static void
take_measure(xn_node map, struct xn_problems *problems, struct xn_facts_measure *ret_measure)
{
	static const struct xn_yaml_key schema[] = {
	    {"name", true}, {"investment_vnd", false}, {"saved_kwh", false}, {"done", false}, {0}};
	struct xn_facts_measure measure = {"", -1, -1, -1};
	xn_ratio done;
	xn_node node;

	if (xn_yaml_check_map(map, schema, problems)) {
		if ((node = xn_yaml_get(map, "name")) != NULL)
			xn_value_text(node, problems, &measure.name);
		if ((node = xn_yaml_get(map, "investment_vnd")) != NULL)
			xn_value_count(node, problems, &measure.investment_vnd);
		if ((node = xn_yaml_get(map, "saved_kwh")) != NULL)
			xn_value_count(node, problems, &measure.saved_kwh);
		if ((node = xn_yaml_get(map, "done")) != NULL &&
		    xn_value_share(node, problems, &done))
			measure.done_ppm = done.ppm;
	}
	*ret_measure = measure;
}

static void
take_measures(
    struct xn_arena *arena, xn_node list, struct xn_problems *problems, struct xn_facts *facts)
{
	struct xn_facts_measure *measures;

	if (list == NULL || !xn_yaml_check_list(list, problems))
		return;
	measures = xn_new(arena, struct xn_facts_measure, list->count + 1);
	XN_YAML_EACH (entry, list)
		take_measure(entry, problems, &measures[facts->measure_count++]);
	facts->measures = measures;
}

static void
take_text(xn_node map, const char *key, struct xn_problems *problems, const char **ret_text)
{
	xn_node node = xn_yaml_get(map, key);

	if (node != NULL)
		xn_value_text(node, problems, ret_text);
}

static void
take_document(
    struct xn_arena *arena, xn_node map, struct xn_problems *problems, struct xn_facts *facts)
{
	static const struct xn_yaml_key schema[] = {{"xanh", true}, {"kind", true},
	    {"fields", false}, {"measures", false}, {"publisher", false}, {"licence", false},
	    {"spatial", false}, {0}};
	static const char *const kinds[] = {"report-facts", NULL};
	xn_node node;
	int kind;

	if (!xn_yaml_check_map(map, schema, problems))
		return;
	if ((node = xn_yaml_get(map, "kind")) != NULL)
		xn_value_choice(node, problems, kinds, &kind);
	take_fields(arena, xn_yaml_get(map, "fields"), problems, facts);
	take_measures(arena, xn_yaml_get(map, "measures"), problems, facts);
	take_text(map, "publisher", problems, &facts->publisher);
	take_text(map, "licence", problems, &facts->licence);
	take_text(map, "spatial", problems, &facts->spatial);
}

int
xn_facts_read(struct xn_arena *arena, const char *path, const char *state_folder,
    struct xn_problems *problems, struct xn_facts *ret_facts, struct xn_error *err)
{
	struct xn_facts facts = {.text = ""};
	struct xn_yaml *documents = NULL;
	char beside[PATH_SIZE], *text;
	int result;

	*ret_facts = facts;
	if (path == NULL) {
		snprintf(beside, sizeof(beside), "%s/" XN_FACTS_FILE, state_folder);
		if (access(beside, F_OK) != 0)
			return XN_OK;
		path = beside;
	}
	result = xn_file_read(path, XN_YAML_BYTES_MAX, &text, &facts.size, err);
	if (result != XN_OK)
		return result;
	facts.text = xn_text_copy(arena, text, facts.size);
	free(text);
	result = xn_yaml_read_file(arena, path, problems, &documents, err);
	if (result != XN_OK)
		return result;
	if (documents != NULL && documents->first != NULL)
		take_document(arena, documents->first, problems, &facts);
	*ret_facts = facts;
	return XN_OK;
}

const char *
xn_facts_get(const struct xn_facts *facts, const char *name)
{
	for (unsigned i = 0; i < facts->field_count; i++)
		if (strcmp(facts->fields[i].name, name) == 0)
			return facts->fields[i].value;
	return NULL;
}
