#include "drivers/profile_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/index.h"

typedef const struct xn_yaml *node_ref;

/* "-1", "<0" or ">9000". */
static bool
read_range(const char *text, struct xn_range *ret_range)
{
	int64_t value;

	if (!xn_text_number(text + (*text == '<' || *text == '>'), INT64_MIN, INT64_MAX, &value))
		return false;
	*ret_range = (struct xn_range){value, value};
	if (*text == '<')
		*ret_range = (struct xn_range){INT64_MIN, value > INT64_MIN ? value - 1 : value};
	else if (*text == '>')
		*ret_range = (struct xn_range){value < INT64_MAX ? value + 1 : value, INT64_MAX};
	return true;
}

/* ---- companions ---- */

/* "1", "0x10", "<5" or a pattern of text. */
static struct xn_accepted
read_accepted(struct xn_profile_reader *in, node_ref node)
{
	struct xn_accepted accepted = {.pattern = NULL};

	accepted.number = read_range(node->text, &accepted.range);
	accepted.pattern = xn_text_copy(in->arena, node->text, strlen(node->text));
	return accepted;
}

static void
load_accepted(struct xn_profile_reader *in, node_ref list, struct xn_condition *condition)
{
	struct xn_accepted *accepted;

	if (!xn_yaml_check_list(list, in->problems))
		return;
	if (list->count == 0 || list->count > XN_PROFILE_LIST_MAX) {
		xn_problem_add(
		    in->problems, list->mark, NULL, "from 1 to %d values", XN_PROFILE_LIST_MAX);
		return;
	}
	accepted = xn_new(in->arena, struct xn_accepted, list->count);
	XN_YAML_EACH (item, list) {
		if (xn_yaml_check_scalar(item, in->problems))
			accepted[condition->count++] = read_accepted(in, item);
	}
	condition->accepted = accepted;
}

/* The OID, and where the row stands: `map` holds column or oid, and index. */
static void
load_companion_map(struct xn_profile_reader *in, node_ref map, struct xn_companion *companion)
{
	bool column = xn_yaml_get(map, "column") != NULL;

	if (column == (xn_yaml_get(map, "oid") != NULL))
		xn_problem_add(in->problems, map->mark, NULL, "one of column and oid");
	companion->column = column;
	xn_profile_oid(in, map, column ? "column" : "oid", &companion->oid);
	companion->index = xn_profile_text(in, map, "index");
	if (companion->index != NULL &&
	    (!column || !xn_index_check(companion->index) ||
		strpbrk(companion->index, "*!:") != NULL))
		xn_problem_add(in->problems, xn_yaml_get(map, "index")->mark, NULL,
		    "index: numbers and {words} of a column's row, with dots between");
}

/* Under `key` of a point: an OID, or a map. False if it is not there. */
static bool
load_companion(struct xn_profile_reader *in, node_ref point, const char *key,
    const struct xn_yaml_key *schema, struct xn_companion *companion)
{
	node_ref node = xn_yaml_get(point, key);

	*companion = (struct xn_companion){.column = xn_yaml_get(point, "column") != NULL};
	if (node == NULL)
		return false;
	if (node->kind == XN_YAML_SCALAR)
		xn_profile_oid(in, point, key, &companion->oid);
	else if (xn_yaml_check_map(node, schema, in->problems))
		load_companion_map(in, node, companion);
	return companion->oid.count > 0;
}

static void
load_condition(struct xn_profile_reader *in, node_ref node, struct xn_condition *condition)
{
	static const struct xn_yaml_key schema[] = {{"column", false}, {"oid", false},
	    {"index", false}, {"is", false}, {"not", false}, {NULL, false}};
	node_ref is;

	*condition = (struct xn_condition){.count = 0};
	if (!xn_yaml_check_map(node, schema, in->problems))
		return;
	load_companion_map(in, node, &condition->of);
	is = xn_yaml_get(node, "is");
	condition->otherwise = is == NULL;
	if ((is == NULL) == (xn_yaml_get(node, "not") == NULL))
		xn_problem_add(in->problems, node->mark, NULL, "one of is and not, a list");
	else
		load_accepted(in, is != NULL ? is : xn_yaml_get(node, "not"), condition);
}

static void
load_when(struct xn_profile_reader *in, node_ref point, struct xn_point_spec *spec)
{
	node_ref node = xn_yaml_get(point, "when");
	struct xn_condition *conditions;

	if (node == NULL)
		return;
	conditions = xn_new(in->arena, struct xn_condition,
	    node->kind == XN_YAML_LIST ? XN_POINT_CONDITIONS_MAX : 1);
	spec->when = conditions;
	if (node->kind != XN_YAML_LIST) {
		load_condition(in, node, &conditions[spec->when_count++]);
		return;
	}
	XN_YAML_EACH (item, node) {
		if (spec->when_count == XN_POINT_CONDITIONS_MAX) {
			xn_problem_add(in->problems, item->mark, NULL,
			    "when: at most %d conditions", XN_POINT_CONDITIONS_MAX);
			return;
		}
		load_condition(in, item, &conditions[spec->when_count++]);
	}
}

static void
load_valid(struct xn_profile_reader *in, node_ref point, struct xn_point_spec *spec)
{
	node_ref node = xn_yaml_get(point, "valid");
	struct xn_condition *condition;

	if (node == NULL)
		return;
	condition = xn_new(in->arena, struct xn_condition, 1);
	load_condition(in, node, condition);
	spec->valid = condition;
}

/* The words of unit_from or scale_from. */
static void
load_meanings(struct xn_profile_reader *in, node_ref map, struct xn_told *told)
{
	node_ref words = map->kind == XN_YAML_MAP ? xn_yaml_get(map, "words") : NULL;

	if (words == NULL || !xn_yaml_check_names(words, in->problems))
		return;
	told->meanings = xn_new(in->arena, struct xn_meaning, words->count + 1);
	XN_YAML_EACH (item, words) {
		if (!xn_yaml_check_scalar(item, in->problems))
			continue;
		told->meanings[told->count++] = (struct xn_meaning){
		    .when = read_accepted(in, item->key),
		    .text = xn_text_copy(in->arena, item->text, strlen(item->text)),
		};
	}
}

/* A unit must be one of the class, else no row ever would be this point's. */
static void
check_units(struct xn_profile_reader *in, node_ref node, const struct xn_told *told,
    enum xn_point_class class_)
{
	struct xn_scale scale;

	if (told->otherwise != NULL && !xn_scale_parse(told->otherwise, class_, &scale))
		xn_problem_add(in->problems, node->mark, NULL, "default: \"%s\" is no unit of %s",
		    told->otherwise, xn_class_word(class_));
	for (unsigned i = 0; i < told->count; i++) {
		if (xn_scale_parse(told->meanings[i].text, class_, &scale))
			return;
	}
	if (told->count > 0)
		xn_problem_add(in->problems, node->mark, NULL,
		    "unit_from: none of the words is a unit of %s", xn_class_word(class_));
}

static void
load_unit_from(struct xn_profile_reader *in, node_ref point, struct xn_point_spec *spec)
{
	static const struct xn_yaml_key schema[] = {{"column", false}, {"oid", false},
	    {"index", false}, {"words", false}, {"default", false}, {NULL, false}};
	struct xn_companion of;
	struct xn_told *told;
	node_ref node = xn_yaml_get(point, "unit_from");

	if (!load_companion(in, point, "unit_from", schema, &of))
		return;
	told = xn_new(in->arena, struct xn_told, 1);
	told->of = of;
	load_meanings(in, node, told);
	if (node->kind == XN_YAML_MAP)
		told->otherwise = xn_profile_text(in, node, "default");
	check_units(in, node, told, spec->rule.class_);
	spec->unit_from = told;
}

static void
load_scale_from(struct xn_profile_reader *in, node_ref point, struct xn_point_spec *spec)
{
	static const struct xn_yaml_key schema[] = {{"column", false}, {"oid", false},
	    {"index", false}, {"as", true}, {"words", false}, {NULL, false}};
	static const char *const scalings[] = {
	    "divisor", "digits", "exponent", "signed", "words", NULL};
	struct xn_companion of;
	struct xn_told *told;
	node_ref node = xn_yaml_get(point, "scale_from");

	if (node != NULL && node->kind != XN_YAML_MAP) {
		xn_problem_add(
		    in->problems, node->mark, NULL, "scale_from: {column: OID, as: divisor}");
		return;
	}
	if (!load_companion(in, point, "scale_from", schema, &of))
		return;
	told = xn_new(in->arena, struct xn_told, 1);
	told->of = of;
	told->scaling = (enum xn_scaling)xn_profile_choice(in, node, "as", scalings, 0);
	load_meanings(in, node, told);
	if ((told->scaling == XN_SCALING_WORDS) != (told->count > 0))
		xn_problem_add(
		    in->problems, node->mark, NULL, "scale_from: words belong to `as: words`");
	spec->scale_from = told;
}

/* ---- the rule ---- */

static void
load_none(struct xn_profile_reader *in, node_ref point, struct xn_rule *rule)
{
	node_ref list = xn_yaml_get(point, "none");
	struct xn_range *ranges;

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	if (list->count > XN_PROFILE_LIST_MAX) {
		xn_problem_add(
		    in->problems, list->mark, NULL, "none: at most %d", XN_PROFILE_LIST_MAX);
		return;
	}
	ranges = xn_new(in->arena, struct xn_range, list->count);
	XN_YAML_EACH (item, list) {
		if (!xn_yaml_check_scalar(item, in->problems))
			continue;
		if (!read_range(item->text, &ranges[rule->none_count]))
			xn_problem_add(in->problems, item->mark, NULL,
			    "none: whole numbers, 0x for hexadecimal, < or > before one");
		else
			rule->none_count++;
	}
	rule->none = ranges;
}

/* A map of number, or of what the device writes, to word; appended to `words`. */
static void
load_words(struct xn_profile_reader *in, node_ref map, enum xn_severity severity,
    struct xn_word *words, unsigned *count)
{
	XN_YAML_EACH (item, map) {
		struct xn_word *word = &words[*count];

		if (!xn_yaml_check_scalar(item, in->problems))
			continue;
		*word = (struct xn_word){.severity = severity,
		    .text = xn_text_copy(in->arena, item->text, strlen(item->text))};
		if (!xn_text_number(item->key->text, INT32_MIN, UINT32_MAX, &word->value)) {
			word->sent =
			    xn_text_copy(in->arena, item->key->text, strlen(item->key->text));
			word->value = *count + 1; /* a number of our own */
		}
		for (unsigned i = 0; i < *count; i++) {
			if (words[i].value == word->value && words[i].sent == NULL &&
			    word->sent == NULL)
				xn_problem_add(in->problems, item->key->mark, NULL,
				    "states: %s is there twice", item->key->text);
		}
		(*count)++;
	}
}

static void
load_state_maps(struct xn_profile_reader *in, node_ref map, struct xn_rule *rule)
{
	static const struct xn_yaml_key schema[] = {{"ok", false}, {"warning", false},
	    {"critical", false}, {"unknown", false}, {NULL, false}};
	struct xn_word *words;
	unsigned count = 0;

	if (!xn_yaml_check_map(map, schema, in->problems))
		return;
	XN_YAML_EACH (severity, map) {
		if (!xn_yaml_check_names(severity, in->problems))
			return;
		count += severity->count;
	}
	if (count > XN_PROFILE_WORDS_MAX) {
		xn_problem_add(in->problems, map->mark, NULL,
		    "states: at most %d words; of a bit field, give each bit a point with mask",
		    XN_PROFILE_WORDS_MAX);
		return;
	}
	words = xn_new(in->arena, struct xn_word, count + 1);
	for (unsigned i = 0; schema[i].name != NULL; i++) {
		node_ref severity = xn_yaml_get(map, schema[i].name);

		if (severity != NULL)
			load_words(in, severity, (enum xn_severity)i, words, &rule->word_count);
	}
	rule->words = words;
}

static void
load_states(struct xn_profile_reader *in, node_ref point, struct xn_rule *rule)
{
	node_ref states = xn_yaml_get(point, "states");
	node_ref named;

	if (states == NULL)
		return;
	if (rule->class_ != XN_CLASS_STATE) {
		xn_problem_add(in->problems, states->mark, NULL, "states: of class state only");
		return;
	}
	if (states->kind != XN_YAML_SCALAR) {
		load_state_maps(in, states, rule);
		return;
	}
	named = in->enumerations != NULL ? xn_yaml_get(in->enumerations, states->text) : NULL;
	if (named == NULL)
		xn_problem_add(in->problems, states->mark, NULL, "no such list in enumerations");
	else
		load_state_maps(in, named, rule);
}

static bool
read_bound(const char *text, double *ret_value)
{
	double sign = *text == '-' ? -1 : 1;
	double value = 0;
	double step = 0;

	for (text += *text == '-'; *text != '\0'; text++) {
		if (*text == '.' && step == 0) {
			step = 0.1;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		value = step == 0 ? value * 10 + (*text - '0') : value + step * (*text - '0');
		step /= 10;
	}
	*ret_value = sign * value;
	return true;
}

static void
load_window(struct xn_profile_reader *in, node_ref point, struct xn_rule *rule)
{
	node_ref list = xn_yaml_get(point, "plausible");
	double bounds[2] = {0, 0};
	unsigned count = 0;

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	XN_YAML_EACH (item, list) {
		if (count < 2 && item->kind == XN_YAML_SCALAR && item->text[0] != '\0' &&
		    read_bound(item->text, &bounds[count]))
			count++;
		else
			count = 3;
	}
	if (count != 2 || bounds[0] > bounds[1]) {
		xn_problem_add(in->problems, list->mark, NULL, "plausible: [LEAST, MOST]");
		return;
	}
	rule->windowed = true;
	rule->min = bounds[0];
	rule->max = bounds[1];
}

static void
load_unit(struct xn_profile_reader *in, node_ref point, const char *key, struct xn_rule *rule,
    struct xn_scale *scale)
{
	const char *unit = xn_profile_text(in, point, key);

	if (unit != NULL && !xn_scale_parse(unit, rule->class_, scale))
		xn_problem_add(in->problems, xn_yaml_get(point, key)->mark, NULL,
		    "\"%s\" is no unit of %s (its own is %s)", unit, xn_class_word(rule->class_),
		    xn_class_unit(rule->class_));
}

static void
load_counter(struct xn_profile_reader *in, node_ref point, struct xn_rule *rule)
{
	static const struct xn_yaml_key schema[] = {
	    {"bits", false}, {"reset", false}, {NULL, false}};
	static const char *const resets[] = {"never", "allowed", NULL};
	node_ref map = xn_yaml_get(point, "counter");

	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	rule->counter_bits = (unsigned)xn_profile_count(in, map, "bits", 64, 0);
	rule->counter_resets = xn_profile_choice(in, map, "reset", resets, 0) == 1;
	if (rule->class_ != XN_CLASS_ENERGY)
		xn_problem_add(in->problems, map->mark, NULL, "counter: of class energy only");
}

static void
load_rule(struct xn_profile_reader *in, node_ref point, struct xn_rule *rule)
{
	static const char *const encodings[] = {"plain", "four-quadrant", "magnitude", NULL};
	const char *class_ = xn_profile_text(in, point, "class");

	rule->scale = (struct xn_scale){1, 1, XN_CELSIUS};
	rule->class_ = class_ != NULL ? xn_class_of(class_) : XN_CLASS_STATE;
	if (rule->class_ == XN_CLASS_COUNT) {
		xn_problem_add(in->problems, xn_yaml_get(point, "class")->mark, NULL,
		    "no such class \"%s\"", class_);
		rule->class_ = XN_CLASS_STATE;
		return;
	}
	load_unit(in, point, "unit", rule, &rule->scale);
	load_unit(in, point, "or_unit", rule, &rule->other_scale);
	rule->encoding =
	    (enum xn_encoding)xn_profile_choice(in, point, "encoding", encodings, XN_PLAIN);
	load_none(in, point, rule);
	load_states(in, point, rule);
	rule->doubt = xn_profile_text(in, point, "doubt");
	rule->mask = xn_profile_count(in, point, "mask", UINT32_MAX, 0);
	load_window(in, point, rule);
	load_counter(in, point, rule);
	if (rule->other_scale.num > 0 && !rule->windowed)
		xn_problem_add(in->problems, xn_yaml_get(point, "or_unit")->mark, NULL,
		    "or_unit: needs plausible, which tells when it is meant");
}

/* ---- the source ---- */

static void
load_sum(struct xn_profile_reader *in, node_ref point, struct xn_point_spec *spec)
{
	node_ref list = xn_yaml_get(point, "sum");

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	spec->from = XN_FROM_SUM;
	spec->parts = xn_new(in->arena, const char *, XN_PROFILE_LIST_MAX);
	XN_YAML_EACH (item, list) {
		if (spec->part_count == XN_PROFILE_LIST_MAX ||
		    !xn_yaml_check_scalar(item, in->problems)) {
			xn_problem_add(in->problems, item->mark, NULL,
			    "sum: names of at most %d points", XN_PROFILE_LIST_MAX);
			return;
		}
		spec->parts[spec->part_count++] =
		    xn_text_copy(in->arena, item->text, strlen(item->text));
	}
}

static void
check_fills(struct xn_profile_reader *in, node_ref point, const struct xn_point_spec *spec,
    const struct xn_companion *companion)
{
	if (companion->index != NULL && !xn_index_fills(spec->index, companion->index))
		xn_problem_add(in->problems, point->mark, NULL,
		    "index \"%s\": numbers, and {words} of the point's own index",
		    companion->index);
}

/* A hole that nothing fills would leave the point out without a word. */
static void
check_holes(struct xn_profile_reader *in, node_ref point, const struct xn_point_spec *spec)
{
	for (unsigned i = 0; i < spec->when_count; i++)
		check_fills(in, point, spec, &spec->when[i].of);
	if (spec->valid != NULL)
		check_fills(in, point, spec, &spec->valid->of);
	if (spec->name_from != NULL)
		check_fills(in, point, spec, spec->name_from);
	if (spec->unit_from != NULL)
		check_fills(in, point, spec, &spec->unit_from->of);
	if (spec->scale_from != NULL)
		check_fills(in, point, spec, &spec->scale_from->of);
	if (spec->from == XN_FROM_COLUMN &&
	    (!xn_index_names(spec->index, spec->name) ||
		(spec->first != NULL && !xn_index_names(spec->index, spec->first))))
		xn_problem_add(in->problems, point->mark, NULL,
		    "the name's holes: {name}, {n}, {1} and {words} of index");
}

/* A row number takes up to ten digits where "{n}" takes three. */
static void
check_name(struct xn_profile_reader *in, node_ref point, const struct xn_point_spec *spec)
{
	size_t length = strlen(spec->name);
	bool hole = strchr(spec->name, '{') != NULL;

	if (length == 0 || length + 10 > XN_POINT_NAME_SIZE ||
	    strspn(spec->name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_{}") != length)
		xn_problem_add(in->problems, point->mark, NULL,
		    "point: letters, digits, dots and hyphens, at most %d",
		    XN_POINT_NAME_SIZE - 10);
	if (hole && spec->from != XN_FROM_COLUMN)
		xn_problem_add(in->problems, point->mark, NULL,
		    "{n}, the row, belongs to a column's point only");
	if ((strstr(spec->name, "{name}") != NULL) != (spec->name_from != NULL))
		xn_problem_add(in->problems, point->mark, NULL,
		    "{name} in the point's name and the key name belong together");
	if (spec->index != NULL && (spec->from != XN_FROM_COLUMN || !xn_index_check(spec->index)))
		xn_problem_add(in->problems, xn_yaml_get(point, "index")->mark, NULL,
		    "index: numbers, * and {words} of a column's row, with dots between");
}

static void
load_companions(struct xn_profile_reader *in, node_ref point, struct xn_point_spec *spec)
{
	static const struct xn_yaml_key schema[] = {
	    {"column", false}, {"oid", false}, {"index", false}, {NULL, false}};
	struct xn_companion of;
	struct xn_companion *kept;

	load_when(in, point, spec);
	load_valid(in, point, spec);
	load_unit_from(in, point, spec);
	load_scale_from(in, point, spec);
	if (load_companion(in, point, "name", schema, &of)) {
		kept = xn_new(in->arena, struct xn_companion, 1);
		*kept = of;
		spec->name_from = kept;
	}
}

static void
load_point(struct xn_profile_reader *in, node_ref point, struct xn_point_spec *spec)
{
	static const struct xn_yaml_key schema[] = {{"point", true}, {"class", true},
	    {"unit", false}, {"or_unit", false}, {"first", false}, {"oid", false},
	    {"column", false}, {"index", false}, {"when", false}, {"valid", false}, {"name", false},
	    {"unit_from", false}, {"scale_from", false}, {"holding", false}, {"input", false},
	    {"coil", false}, {"discrete", false}, {"sum", false}, {"type", false}, {"order", false},
	    {"bit", false}, {"bits", false}, {"span_from", false}, {"encoding", false},
	    {"none", false}, {"states", false}, {"plausible", false}, {"counter", false},
	    {"mask", false}, {"doubt", false}, {"optional", false}, {NULL, false}};
	static const char *const sources[] = {
	    "oid", "column", "holding", "input", "coil", "discrete", "sum", NULL};
	unsigned count = 0;

	*spec = (struct xn_point_spec){.name = "", .from = XN_FROM_OBJECT};
	if (!xn_yaml_check_map(point, schema, in->problems))
		return;
	for (int i = 0; sources[i] != NULL; i++)
		count += xn_yaml_get(point, sources[i]) != NULL;
	if (count != 1)
		xn_problem_add(in->problems, point->mark, NULL,
		    "a point has one source: oid, column, holding, input, coil, discrete or sum");
	if (xn_yaml_get(point, "point") != NULL && xn_profile_text(in, point, "point") != NULL)
		spec->name = xn_profile_text(in, point, "point");
	spec->first = xn_profile_text(in, point, "first");
	spec->index = xn_profile_text(in, point, "index");
	spec->optional = xn_profile_yes(in, point, "optional");
	if (xn_profile_oid(in, point, "column", &spec->oid))
		spec->from = XN_FROM_COLUMN;
	else
		xn_profile_oid(in, point, "oid", &spec->oid);
	load_rule(in, point, &spec->rule);
	xn_modbus_profile_point(in, point, spec);
	load_sum(in, point, spec);
	if (spec->from != XN_FROM_REGISTER)
		load_companions(in, point, spec);
	check_name(in, point, spec);
	check_holes(in, point, spec);
}

/* Several points may have one name if all but the last are optional: the first that is there. */
static void
check_unique(
    struct xn_profile_reader *in, node_ref item, const struct xn_point_spec *points, unsigned count)
{
	const struct xn_point_spec *last = &points[count];

	for (unsigned i = 0; i < count; i++) {
		if (last->name[0] == '\0' || strcmp(points[i].name, last->name) != 0 ||
		    points[i].optional || points[i].from == XN_FROM_COLUMN)
			continue;
		xn_problem_add(in->problems, item->mark, NULL,
		    "point \"%s\" is there twice, and the first is not optional", last->name);
		return;
	}
}

void
xn_profile_points(struct xn_profile_reader *in, const struct xn_yaml *root)
{
	node_ref list = xn_yaml_get(root, "points");
	struct xn_point_spec *points;
	unsigned count = 0;

	in->enumerations = xn_yaml_get(root, "enumerations");
	if (in->enumerations != NULL)
		xn_yaml_check_names(in->enumerations, in->problems);
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
		check_unique(in, item, points, count);
		count++;
	}
	in->profile->points = points;
	in->profile->point_count = count;
}
