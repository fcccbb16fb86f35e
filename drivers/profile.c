#include "drivers/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/yaml.h"

struct loader {
	struct xn_arena *arena;
	struct xn_problems *problems;
	struct xn_profile *profile;
	struct xn_oid base;
};

typedef const struct xn_yaml *node_ref;

static const char *
text_of(struct loader *in, node_ref map, const char *key)
{
	node_ref node = xn_yaml_get(map, key);

	if (node == NULL || !xn_yaml_check_scalar(node, in->problems))
		return NULL;
	return node->text;
}

static bool
number_in(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (end == text || *end != '\0' || errno != 0 || value < min || value > max)
		return false;
	*ret_value = value;
	return true;
}

static int64_t
count_of(struct loader *in, node_ref map, const char *key, int64_t max, int64_t otherwise)
{
	const char *text = text_of(in, map, key);
	int64_t value;

	if (text == NULL)
		return otherwise;
	if (!number_in(text, 0, max, &value)) {
		xn_problem_add(in->problems, xn_yaml_get(map, key)->mark, NULL,
		    "%s: a whole number from 0 to %" PRId64, key, max);
		return otherwise;
	}
	return value;
}

static bool
yes_of(struct loader *in, node_ref map, const char *key)
{
	const char *text = text_of(in, map, key);

	if (text == NULL || strcmp(text, "no") == 0)
		return false;
	if (strcmp(text, "yes") != 0)
		xn_problem_add(
		    in->problems, xn_yaml_get(map, key)->mark, NULL, "%s: yes or no", key);
	return true;
}

/* The index of a word, or `otherwise` when the key is not there. */
static int
choice_of(struct loader *in, node_ref map, const char *key, const char *const *words, int otherwise)
{
	const char *text = text_of(in, map, key);

	if (text == NULL)
		return otherwise;
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
	}
	xn_problem_add(
	    in->problems, xn_yaml_get(map, key)->mark, NULL, "%s: no such word \"%s\"", key, text);
	return otherwise;
}

/* An OID; one that begins with a dot stands below the profile's base. */
static bool
oid_of(struct loader *in, node_ref map, const char *key, struct xn_oid *ret_oid)
{
	const char *text = text_of(in, map, key);
	struct xn_oid oid;

	if (text == NULL)
		return false;
	if (!xn_oid_parse(text, &oid)) {
		xn_problem_add(
		    in->problems, xn_yaml_get(map, key)->mark, NULL, "%s: not a numeric OID", key);
		return false;
	}
	if (text[0] == '.') {
		struct xn_oid whole = in->base;

		for (unsigned i = 0; i < oid.count; i++) {
			if (!xn_oid_add(&whole, oid.id[i])) {
				xn_problem_add(in->problems, xn_yaml_get(map, key)->mark, NULL,
				    "%s: an OID has at most %d numbers", key, XN_OID_MAX);
				return false;
			}
		}
		oid = whole;
	}
	*ret_oid = oid;
	return true;
}

static void
load_none(struct loader *in, node_ref point, struct xn_rule *rule)
{
	node_ref list = xn_yaml_get(point, "none");
	int64_t *values;

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	if (list->count > XN_PROFILE_LIST_MAX) {
		xn_problem_add(
		    in->problems, list->mark, NULL, "none: at most %d", XN_PROFILE_LIST_MAX);
		return;
	}
	values = xn_new(in->arena, int64_t, list->count);
	XN_YAML_EACH (item, list) {
		if (!xn_yaml_check_scalar(item, in->problems))
			continue;
		if (!number_in(item->text, INT64_MIN, INT64_MAX, &values[rule->none_count]))
			xn_problem_add(in->problems, item->mark, NULL,
			    "none: whole numbers, 0x for hexadecimal");
		else
			rule->none_count++;
	}
	rule->none = values;
}

static void
load_words(struct loader *in, node_ref point, struct xn_rule *rule)
{
	node_ref map = xn_yaml_get(point, "words");
	struct xn_word *words;

	if (map == NULL)
		return;
	if (map->kind != XN_YAML_MAP || map->count > 256) {
		xn_problem_add(
		    in->problems, map->mark, NULL, "words: a map of number to word, at most 256");
		return;
	}
	words = xn_new(in->arena, struct xn_word, map->count);
	XN_YAML_EACH (item, map) {
		if (!xn_yaml_check_scalar(item, in->problems))
			continue;
		if (!number_in(
			item->key->text, INT32_MIN, INT32_MAX, &words[rule->word_count].value))
			xn_problem_add(
			    in->problems, item->key->mark, NULL, "words: a whole number");
		else
			words[rule->word_count++].text = item->text;
	}
	rule->words = words;
}

static void
load_window(struct loader *in, node_ref point, struct xn_rule *rule)
{
	node_ref list = xn_yaml_get(point, "plausible");
	int64_t bounds[2];
	unsigned count = 0;

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	XN_YAML_EACH (item, list) {
		if (count < 2 && item->kind == XN_YAML_SCALAR &&
		    number_in(item->text, -INT64_C(1000000000000), INT64_C(1000000000000),
			&bounds[count]))
			count++;
		else
			count = 3;
	}
	if (count != 2 || bounds[0] > bounds[1]) {
		xn_problem_add(
		    in->problems, list->mark, NULL, "plausible: [LEAST, MOST], whole numbers");
		return;
	}
	rule->windowed = true;
	rule->min = (double)bounds[0];
	rule->max = (double)bounds[1];
}

static void
load_rule(struct loader *in, node_ref point, struct xn_rule *rule)
{
	static const char *const encodings[] = {"plain", "four-quadrant", NULL};
	const char *class_ = text_of(in, point, "class");
	const char *unit = text_of(in, point, "unit");

	rule->scale = (struct xn_scale){1, 1, XN_CELSIUS};
	rule->class_ = class_ != NULL ? xn_class_of(class_) : XN_CLASS_STATE;
	if (rule->class_ == XN_CLASS_COUNT) {
		xn_problem_add(in->problems, xn_yaml_get(point, "class")->mark, NULL,
		    "no such class \"%s\"", class_);
		rule->class_ = XN_CLASS_STATE;
		return;
	}
	if (unit != NULL && !xn_scale_parse(unit, rule->class_, &rule->scale))
		xn_problem_add(in->problems, xn_yaml_get(point, "unit")->mark, NULL,
		    "\"%s\" is no unit of %s (its own is %s)", unit, xn_class_word(rule->class_),
		    xn_class_unit(rule->class_));
	rule->encoding = (enum xn_encoding)choice_of(in, point, "encoding", encodings, XN_PLAIN);
	load_none(in, point, rule);
	load_words(in, point, rule);
	load_window(in, point, rule);
}

static void
load_register(struct loader *in, node_ref point, struct xn_point_spec *spec)
{
	static const char *const types[] = {
	    "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "bit", NULL};
	static const char *const orders[] = {"ABCD", "CDAB", "BADC", "DCBA", NULL};
	static const struct {
		const char *key;
		enum xn_modbus_space space;
	} spaces[] = {{"holding", XN_MODBUS_HOLDING}, {"input", XN_MODBUS_INPUT},
	    {"coil", XN_MODBUS_COIL}, {"discrete", XN_MODBUS_DISCRETE}};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (xn_yaml_get(point, spaces[i].key) == NULL)
			continue;
		spec->from = XN_FROM_REGISTER;
		spec->space = spaces[i].space;
		spec->address = (uint16_t)count_of(in, point, spaces[i].key, 65535, 0);
	}
	spec->type = (enum xn_modbus_type)choice_of(in, point, "type", types, XN_U16);
	spec->order = (enum xn_modbus_order)choice_of(in, point, "order", orders, XN_ABCD);
	if (spec->space == XN_MODBUS_COIL || spec->space == XN_MODBUS_DISCRETE)
		spec->type = XN_BIT;
	if (spec->from == XN_FROM_REGISTER && spec->address + xn_modbus_width(spec->type) > 65536)
		xn_problem_add(in->problems, point->mark, NULL, "registers beyond 65535");
}

static void
load_sum(struct loader *in, node_ref point, struct xn_point_spec *spec)
{
	node_ref list = xn_yaml_get(point, "sum");

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	spec->from = XN_FROM_SUM;
	XN_YAML_EACH (item, list) {
		if (spec->part_count == XN_PROFILE_LIST_MAX ||
		    !xn_yaml_check_scalar(item, in->problems)) {
			xn_problem_add(in->problems, item->mark, NULL,
			    "sum: names of at most %d points", XN_PROFILE_LIST_MAX);
			return;
		}
		spec->parts[spec->part_count++] = item->text;
	}
}

static void
check_name(struct loader *in, node_ref point, const struct xn_point_spec *spec)
{
	const char *row = strstr(spec->name, "{n}");
	size_t length = strlen(spec->name);

	/* A row number takes up to ten digits where "{n}" takes three. */
	if (length == 0 || length + 10 > XN_POINT_NAME_SIZE ||
	    strspn(spec->name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_{}") != length)
		xn_problem_add(in->problems, point->mark, NULL,
		    "point: letters, digits, dots and hyphens, at most %d",
		    XN_POINT_NAME_SIZE - 10);
	if ((row != NULL) != (spec->from == XN_FROM_COLUMN))
		xn_problem_add(in->problems, point->mark, NULL,
		    spec->from == XN_FROM_COLUMN ? "a column's point name needs {n}, the row"
						 : "{n} belongs to a column's point only");
}

static void
load_point(struct loader *in, node_ref point, struct xn_point_spec *spec)
{
	static const struct xn_yaml_key schema[] = {{"point", true}, {"class", true},
	    {"unit", false}, {"first", false}, {"oid", false}, {"column", false}, {"label", false},
	    {"holding", false}, {"input", false}, {"coil", false}, {"discrete", false},
	    {"sum", false}, {"type", false}, {"order", false}, {"encoding", false}, {"none", false},
	    {"words", false}, {"plausible", false}, {"optional", false}, {NULL, false}};
	static const char *const sources[] = {
	    "oid", "column", "label", "holding", "input", "coil", "discrete", "sum", NULL};
	unsigned count = 0;

	*spec = (struct xn_point_spec){.name = "", .from = XN_FROM_OBJECT};
	if (!xn_yaml_check_map(point, schema, in->problems))
		return;
	for (int i = 0; sources[i] != NULL; i++)
		count += xn_yaml_get(point, sources[i]) != NULL;
	if (count != 1)
		xn_problem_add(in->problems, point->mark, NULL,
		    "a point has one source: oid, column, label, holding, input, coil, discrete or "
		    "sum");
	if (text_of(in, point, "point") != NULL)
		spec->name = text_of(in, point, "point");
	spec->first = text_of(in, point, "first");
	spec->label = text_of(in, point, "label");
	spec->optional = yes_of(in, point, "optional");
	if (oid_of(in, point, "column", &spec->oid))
		spec->from = XN_FROM_COLUMN;
	else if (spec->label != NULL)
		spec->from = XN_FROM_LABEL;
	else
		oid_of(in, point, "oid", &spec->oid);
	load_rule(in, point, &spec->rule);
	load_register(in, point, spec);
	load_sum(in, point, spec);
	check_name(in, point, spec);
}

static void
load_points(struct loader *in, node_ref root)
{
	node_ref list = xn_yaml_get(root, "points");
	struct xn_point_spec *points;
	unsigned count = 0;

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	if (list->count > XN_PROFILE_POINTS_MAX) {
		xn_problem_add(
		    in->problems, list->mark, NULL, "points: at most %d", XN_PROFILE_POINTS_MAX);
		return;
	}
	points = xn_new(in->arena, struct xn_point_spec, list->count);
	XN_YAML_EACH (item, list) {
		load_point(in, item, &points[count]);
		for (unsigned i = 0; i < count; i++) {
			if (points[count].name[0] != '\0' &&
			    strcmp(points[i].name, points[count].name) == 0)
				xn_problem_add(in->problems, item->mark, NULL,
				    "point \"%s\" is there twice", points[count].name);
		}
		count++;
	}
	in->profile->points = points;
	in->profile->point_count = count;
}

static void
load_match(struct loader *in, node_ref item, struct xn_match *match)
{
	static const struct xn_yaml_key schema[] = {{"sysObjectID", false}, {"sysDescr", false},
	    {"probe", false}, {"holding", false}, {"text", false}, {NULL, false}};

	*match = (struct xn_match){.kind = XN_MATCH_DESCR, .text = ""};
	if (!xn_yaml_check_map(item, schema, in->problems))
		return;
	if (oid_of(in, item, "sysObjectID", &match->oid)) {
		match->kind = XN_MATCH_OID;
	} else if (oid_of(in, item, "probe", &match->oid)) {
		match->kind = XN_MATCH_PROBE;
	} else if (text_of(in, item, "sysDescr") != NULL) {
		match->text = text_of(in, item, "sysDescr");
	} else if (xn_yaml_get(item, "holding") != NULL && text_of(in, item, "text") != NULL) {
		match->kind = XN_MATCH_TEXT;
		match->address = (uint16_t)count_of(in, item, "holding", 65535 - 16, 0);
		match->text = text_of(in, item, "text");
	} else {
		xn_problem_add(in->problems, item->mark, NULL,
		    "match: sysObjectID, sysDescr, probe, or holding with text");
	}
}

static void
load_matches(struct loader *in, node_ref root)
{
	node_ref list = xn_yaml_get(root, "match");

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	XN_YAML_EACH (item, list) {
		if (in->profile->match_count == XN_PROFILE_LIST_MAX) {
			xn_problem_add(in->problems, item->mark, NULL, "match: at most %d",
			    XN_PROFILE_LIST_MAX);
			return;
		}
		load_match(in, item, &in->profile->matches[in->profile->match_count++]);
	}
}

static void
load_model(struct loader *in, node_ref root)
{
	static const struct xn_yaml_key schema[] = {
	    {"oid", false}, {"maker", false}, {"after", false}, {"holding", false}, {NULL, false}};
	node_ref map = xn_yaml_get(root, "model");

	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	in->profile->has_model = true;
	in->profile->model_mark = text_of(in, map, "after");
	oid_of(in, map, "oid", &in->profile->model_oid);
	oid_of(in, map, "maker", &in->profile->maker_oid);
	in->profile->model_address = (uint16_t)count_of(in, map, "holding", 65535 - 16, 0);
}

static void
load_labelled(struct loader *in, node_ref root)
{
	static const struct xn_yaml_key schema[] = {{"table", true}, {"label", true},
	    {"value", true}, {"unit", true}, {"divisor", true}, {NULL, false}};
	node_ref map = xn_yaml_get(root, "labelled");
	struct xn_labelled *labelled = &in->profile->labelled;

	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	oid_of(in, map, "table", &labelled->table);
	labelled->label = (uint32_t)count_of(in, map, "label", 255, 0);
	labelled->value = (uint32_t)count_of(in, map, "value", 255, 0);
	labelled->unit = (uint32_t)count_of(in, map, "unit", 255, 0);
	labelled->divisor = (uint32_t)count_of(in, map, "divisor", 255, 0);
}

static void
load_limits(struct loader *in, node_ref root)
{
	static const struct xn_yaml_key schema[] = {
	    {"registers", false}, {"objects", false}, {"pause_ms", false}, {NULL, false}};
	node_ref map = xn_yaml_get(root, "limits");
	struct xn_profile *profile = in->profile;

	profile->registers_max = XN_MODBUS_REGISTERS_MAX;
	profile->objects_max = 20;
	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	profile->registers_max =
	    (unsigned)count_of(in, map, "registers", XN_MODBUS_REGISTERS_MAX, 125);
	profile->objects_max = (unsigned)count_of(in, map, "objects", 60, 20);
	profile->pause_ms = (unsigned)count_of(in, map, "pause_ms", 2000, 0);
	/* The widest type takes four registers. */
	if (profile->registers_max < 4 || profile->objects_max < 1)
		xn_problem_add(
		    in->problems, map->mark, NULL, "limits: registers from 4, objects from 1");
}

static void
load_root(struct loader *in, node_ref root)
{
	static const struct xn_yaml_key schema[] = {{"vendor", true}, {"title", true},
	    {"transport", true}, {"base", false}, {"standard", false}, {"sunspec", false},
	    {"match", false}, {"model", false}, {"labelled", false}, {"limits", false},
	    {"points", false}, {NULL, false}};
	static const char *const transports[] = {"snmp", "modbus", NULL};
	struct xn_profile *profile = in->profile;

	if (!xn_yaml_check_map(root, schema, in->problems))
		return;
	profile->vendor = text_of(in, root, "vendor");
	profile->title = text_of(in, root, "title");
	profile->modbus = choice_of(in, root, "transport", transports, 0) == 1;
	profile->sunspec = yes_of(in, root, "sunspec");
	profile->standard = yes_of(in, root, "standard");
	oid_of(in, root, "base", &in->base);
	load_matches(in, root);
	load_model(in, root);
	load_labelled(in, root);
	load_limits(in, root);
	load_points(in, root);
}

/* "apc-rpdu2" of "drivers/profiles/apc-rpdu2.yaml". */
static const char *
base_name(struct xn_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return xn_text_copy(arena, name, dot != NULL ? (size_t)(dot - name) : strlen(name));
}

int
xn_profile_read(struct xn_arena *arena, const char *path, struct xn_problems *problems,
    struct xn_profile **ret_profile, struct xn_error *err)
{
	struct loader in = {.arena = arena, .problems = problems};
	unsigned before = problems->count;
	struct xn_yaml *documents;
	int code;

	*ret_profile = NULL;
	code = xn_yaml_read_file(arena, path, problems, &documents, err);
	if (code < 0)
		return code;
	in.profile = xn_new(arena, struct xn_profile, 1);
	in.profile->name = base_name(arena, path);
	if (documents == NULL || documents->first == NULL)
		return problems->count > before
		    ? XN_OK
		    : xn_fail(err, XN_EINVALID, "%s: nothing in it", path);
	load_root(&in, documents->first);
	if (documents->first->next != NULL)
		xn_problem_add(problems, documents->first->next->mark, NULL, "one profile a file");
	if (problems->count == before)
		*ret_profile = in.profile;
	return XN_OK;
}
