#include "drivers/modbus_profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/profile_read.h"

#define MARKERS_MAX 8
#define LIST_MAX    32

typedef const struct xn_yaml *node_ref;

static const char *const type_words[] = {
    "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "bcd16", "bcd32", NULL};
static const char *const order_words[] = {"ABCD", "CDAB", "BADC", "DCBA", NULL};

#define PART_SIZE 32

/* What stands before and behind the two dots of "LEAST..MOST"; of another text, twice itself. */
static bool
split(const char *text, char ret_least[PART_SIZE], const char **ret_most)
{
	const char *dots = strstr(text, "..");
	size_t length = dots != NULL ? (size_t)(dots - text) : strlen(text);

	if (length >= PART_SIZE)
		return false;
	memcpy(ret_least, text, length);
	ret_least[length] = '\0';
	*ret_most = dots != NULL ? dots + 2 : text;
	return true;
}

/* A whole number, or "LEAST..MOST". */
static bool
parse_range(const char *text, struct xn_range *ret_range)
{
	char least[PART_SIZE];
	const char *most;

	return split(text, least, &most) &&
	    xn_text_number(least, INT64_MIN, INT64_MAX, &ret_range->least) &&
	    xn_text_number(most, INT64_MIN, INT64_MAX, &ret_range->most) &&
	    ret_range->least <= ret_range->most;
}

/* `bit: N` or `bits: [FIRST, COUNT]`. */
static void
read_bits(struct xn_profile_reader *in, node_ref map, struct xn_modbus_register *at)
{
	node_ref list = xn_yaml_get(map, "bits");
	int64_t numbers[2] = {0, 1};
	unsigned count = 0;

	if (xn_yaml_get(map, "bit") != NULL) {
		at->first_bit = (uint8_t)xn_profile_count(in, map, "bit", 15, 0);
		at->bit_count = 1;
	}
	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	XN_YAML_EACH (item, list) {
		if (count < 2 && item->kind == XN_YAML_SCALAR &&
		    xn_text_number(item->text, 0, 16, &numbers[count]))
			count++;
		else
			count = 3;
	}
	if (count != 2 || numbers[1] < 1 || numbers[0] + numbers[1] > 16) {
		xn_problem_add(in->problems, list->mark, NULL,
		    "bits: [FIRST, COUNT] of 16, bit 0 being the lowest");
		return;
	}
	at->first_bit = (uint8_t)numbers[0];
	at->bit_count = (uint8_t)numbers[1];
}

/* Where a map names a register or bit; false if it names none. */
static bool
read_register(struct xn_profile_reader *in, node_ref map, struct xn_modbus_register *ret_at)
{
	static const struct {
		const char *key;
		enum xn_modbus_space space;
	} spaces[] = {{"holding", XN_MODBUS_HOLDING}, {"input", XN_MODBUS_INPUT},
	    {"coil", XN_MODBUS_COIL}, {"discrete", XN_MODBUS_DISCRETE}};
	struct xn_modbus_register at = {.type = XN_U16};
	unsigned places = 0;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (xn_yaml_get(map, spaces[i].key) == NULL)
			continue;
		places++;
		at.space = spaces[i].space;
		at.address = (uint16_t)xn_profile_count(in, map, spaces[i].key, 65535, 0);
	}
	if (places == 0)
		return false;
	if (places > 1)
		xn_problem_add(
		    in->problems, map->mark, NULL, "one of holding, input, coil and discrete");
	at.type = (enum xn_modbus_type)xn_profile_choice(in, map, "type", type_words, XN_U16);
	at.order = (enum xn_modbus_order)xn_profile_choice(in, map, "order", order_words, XN_ABCD);
	if (at.space == XN_MODBUS_COIL || at.space == XN_MODBUS_DISCRETE)
		at.type = XN_BIT;
	read_bits(in, map, &at);
	if (at.bit_count > 0 && xn_modbus_width(at.type) != 1)
		xn_problem_add(in->problems, map->mark, NULL, "bits are those of 16, not of more");
	if (at.address + xn_modbus_register_width(&at) > 65536)
		xn_problem_add(in->problems, map->mark, NULL, "registers beyond 65535");
	*ret_at = at;
	return true;
}

static void
read_is(struct xn_profile_reader *in, node_ref map, struct xn_modbus_marker *marker)
{
	node_ref list = xn_yaml_get(map, "is");
	struct xn_range *ranges;

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	if (list->count == 0 || list->count > LIST_MAX) {
		xn_problem_add(in->problems, list->mark, NULL, "is: 1 to %d values", LIST_MAX);
		return;
	}
	ranges = xn_new(in->arena, struct xn_range, list->count);
	XN_YAML_EACH (item, list) {
		if (!xn_yaml_check_scalar(item, in->problems))
			continue;
		if (!parse_range(item->text, &ranges[marker->is_count]))
			xn_problem_add(in->problems, item->mark, NULL,
			    "is: a whole number, or \"LEAST..MOST\"");
		else
			marker->is_count++;
	}
	marker->is = ranges;
}

/* How many registers a text is, when it is not said: those of "TEXT" or "TEXT*"; 0: must be said.
 */
static int64_t
text_registers(const char *text)
{
	size_t fixed = strcspn(text, "*?[\\");

	return text[fixed] == '\0' || strcmp(text + fixed, "*") == 0 ? (int64_t)(fixed + 1) / 2 : 0;
}

static void
read_text(struct xn_profile_reader *in, node_ref map, struct xn_modbus_marker *marker)
{
	int64_t registers;

	marker->text = xn_profile_text(in, map, "text");
	if (marker->text == NULL)
		return;
	registers = xn_profile_count(
	    in, map, "registers", XN_MODBUS_TEXT_MAX, text_registers(marker->text));
	if (registers < 1 || registers > XN_MODBUS_TEXT_MAX ||
	    marker->at.address + registers > 65536) {
		xn_problem_add(in->problems, xn_yaml_get(map, "text")->mark, NULL,
		    "text: say with `registers` how many there are, 1 to %d", XN_MODBUS_TEXT_MAX);
		registers = 1;
	}
	marker->registers = (uint8_t)registers;
}

static void
read_marker(struct xn_profile_reader *in, node_ref map, struct xn_modbus_marker *ret_marker)
{
	static const struct xn_yaml_key schema[] = {{"holding", false}, {"input", false},
	    {"coil", false}, {"discrete", false}, {"type", false}, {"order", false}, {"bit", false},
	    {"bits", false}, {"is", false}, {"text", false}, {"registers", false}, {NULL, false}};

	*ret_marker = (struct xn_modbus_marker){.at = {.space = XN_MODBUS_HOLDING}};
	if (!xn_yaml_check_map(map, schema, in->problems))
		return;
	if (!read_register(in, map, &ret_marker->at)) {
		xn_problem_add(in->problems, map->mark, NULL,
		    "a register or bit: holding, input, coil or discrete");
		return;
	}
	read_is(in, map, ret_marker);
	read_text(in, map, ret_marker);
	if (ret_marker->text != NULL && xn_yaml_get(map, "is") != NULL)
		xn_problem_add(in->problems, map->mark, NULL, "either text or is");
}

void
xn_modbus_profile_match(
    struct xn_profile_reader *in, const struct xn_yaml *item, struct xn_match *match)
{
	struct xn_modbus_marker *markers = xn_new(in->arena, struct xn_modbus_marker, MARKERS_MAX);
	unsigned count = 0;

	if (item->kind != XN_YAML_LIST) {
		read_marker(in, item, &markers[count++]);
	} else if (item->count == 0 || item->count > MARKERS_MAX) {
		xn_problem_add(
		    in->problems, item->mark, NULL, "match: 1 to %d registers", MARKERS_MAX);
	} else {
		XN_YAML_EACH (one, item)
			read_marker(in, one, &markers[count++]);
	}
	match->markers = markers;
	match->marker_count = count;
}

/* ---- the family ---- */

static void
read_model_words(struct xn_profile_reader *in, node_ref map, struct xn_modbus_family *family)
{
	node_ref words = xn_yaml_get(map, "words");
	struct xn_modbus_model_word *rows;

	if (words == NULL || !xn_yaml_check_names(words, in->problems))
		return;
	rows = xn_new(in->arena, struct xn_modbus_model_word, words->count + 1);
	XN_YAML_EACH (word, words) {
		if (!xn_yaml_check_scalar(word, in->problems))
			continue;
		if (!xn_text_number(word->key->text, INT64_MIN, INT64_MAX,
			&rows[family->model_word_count].value))
			xn_problem_add(
			    in->problems, word->key->mark, NULL, "words: a whole number");
		else
			rows[family->model_word_count++].text =
			    xn_text_copy(in->arena, word->text, strlen(word->text));
	}
	family->model_words = rows;
}

static void
read_model(struct xn_profile_reader *in, node_ref root, struct xn_modbus_family *family)
{
	static const struct xn_yaml_key schema[] = {{"holding", false}, {"input", false},
	    {"type", false}, {"order", false}, {"registers", false}, {"words", false},
	    {NULL, false}};
	node_ref map = xn_yaml_get(root, "model");

	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	family->has_model = read_register(in, map, &family->model);
	if (!family->has_model) {
		xn_problem_add(in->problems, map->mark, NULL, "model: holding or input");
		return;
	}
	family->model_registers =
	    (unsigned)xn_profile_count(in, map, "registers", XN_MODBUS_TEXT_MAX, 16);
	if (family->model_registers < 1 || family->model.address + family->model_registers > 65536)
		xn_problem_add(in->problems, map->mark, NULL, "model: registers beyond 65535");
	read_model_words(in, map, family);
}

static void
read_limits(struct xn_profile_reader *in, node_ref root, struct xn_modbus_family *family)
{
	static const struct xn_yaml_key schema[] = {{"registers", false}, {"gap", false},
	    {"pause_ms", false}, {"settle_ms", false}, {"timeout_ms", false}, {NULL, false}};
	node_ref map = xn_yaml_get(root, "limits");

	family->registers_max = XN_MODBUS_REGISTERS_MAX;
	family->gap = 8;
	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	family->registers_max =
	    (unsigned)xn_profile_count(in, map, "registers", XN_MODBUS_REGISTERS_MAX, 125);
	family->gap = (unsigned)xn_profile_count(in, map, "gap", 64, 8);
	family->limits = (struct xn_modbus_limits){
	    .pause_ms = (unsigned)xn_profile_count(in, map, "pause_ms", 2000, 0),
	    .settle_ms = (unsigned)xn_profile_count(in, map, "settle_ms", 5000, 0),
	    .timeout_ms = (unsigned)xn_profile_count(in, map, "timeout_ms", 5000, 0),
	};
	/* The widest type takes four registers. */
	if (family->registers_max < 4)
		xn_problem_add(in->problems, map->mark, NULL, "limits: registers from 4");
}

const struct xn_modbus_family *
xn_modbus_profile_family(struct xn_profile_reader *in, const struct xn_yaml *root)
{
	struct xn_modbus_family *family = xn_new(in->arena, struct xn_modbus_family, 1);

	family->either = xn_profile_yes(in, root, "either");
	read_model(in, root, family);
	read_limits(in, root, family);
	return family;
}

/* ---- a point ---- */

static void
read_valid(struct xn_profile_reader *in, node_ref point, struct xn_modbus_source *source)
{
	node_ref map = xn_yaml_get(point, "valid");
	struct xn_modbus_marker *marker;

	if (map == NULL)
		return;
	marker = xn_new(in->arena, struct xn_modbus_marker, 1);
	read_marker(in, map, marker);
	if (marker->is_count == 0)
		xn_problem_add(
		    in->problems, map->mark, NULL, "valid: with the values it must have");
	source->valid = marker;
}

static void
read_scale(struct xn_profile_reader *in, node_ref point, struct xn_modbus_source *source)
{
	static const struct xn_yaml_key schema[] = {{"holding", false}, {"input", false},
	    {"type", false}, {"order", false}, {"as", true}, {NULL, false}};
	static const char *const words[] = {"exponent", "digits", "divisor", "factor", NULL};
	node_ref map = xn_yaml_get(point, "scale_from");
	struct xn_modbus_register *at;

	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	at = xn_new(in->arena, struct xn_modbus_register, 1);
	if (!read_register(in, map, at))
		xn_problem_add(in->problems, map->mark, NULL, "scale_from: holding or input");
	if (xn_yaml_get(map, "type") == NULL)
		at->type = XN_I16;
	source->scaling =
	    (enum xn_modbus_scaling)xn_profile_choice(in, map, "as", words, XN_MODBUS_EXPONENT);
	source->scale = at;
}

/* A number with nothing behind it but what `ret_end` then points to. */
static bool
parse_real(const char *text, double *ret_value, const char **ret_end)
{
	char *end;

	*ret_value = strtod(text, &end);
	*ret_end = end;
	return end != text && isfinite(*ret_value);
}

/* "-150..150 mV" in the class's own unit; false when the unit is one of another class. */
static bool
parse_span(struct xn_profile_reader *in, node_ref word, enum xn_point_class class_,
    struct xn_modbus_span *ret_span)
{
	struct xn_scale scale;
	char least[PART_SIZE];
	const char *most;
	const char *end;

	if (!split(word->text, least, &most) || !parse_real(least, &ret_span->least, &end) ||
	    *end != '\0' || !parse_real(most, &ret_span->most, &end) || *end != ' ' ||
	    ret_span->least >= ret_span->most) {
		xn_problem_add(in->problems, word->mark, NULL, "words: \"LEAST..MOST UNIT\"");
		return false;
	}
	if (!xn_scale_parse(end + 1, class_, &scale) || scale.degrees != XN_CELSIUS)
		return false;
	ret_span->least *= (double)scale.num / (double)scale.den;
	ret_span->most *= (double)scale.num / (double)scale.den;
	return true;
}

/* The map under `words`, or the list of `enumerations` that it names; NULL with a problem. */
static node_ref
span_words(struct xn_profile_reader *in, node_ref map)
{
	node_ref words = xn_yaml_get(map, "words");

	if (words != NULL && words->kind == XN_YAML_SCALAR) {
		node_ref named =
		    in->enumerations != NULL ? xn_yaml_get(in->enumerations, words->text) : NULL;

		if (named == NULL)
			xn_problem_add(
			    in->problems, words->mark, NULL, "no such list in enumerations");
		words = named;
	}
	return words != NULL && xn_yaml_check_names(words, in->problems) ? words : NULL;
}

static void
read_span(struct xn_profile_reader *in, node_ref point, const struct xn_rule *rule,
    struct xn_modbus_source *source)
{
	static const struct xn_yaml_key schema[] = {
	    {"holding", false}, {"input", false}, {"words", true}, {NULL, false}};
	node_ref map = xn_yaml_get(point, "span_from");
	struct xn_modbus_register *at;
	struct xn_modbus_span *spans;
	node_ref words;

	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	at = xn_new(in->arena, struct xn_modbus_register, 1);
	words = span_words(in, map);
	if (!read_register(in, map, at))
		xn_problem_add(in->problems, map->mark, NULL, "span_from: holding or input");
	if (xn_yaml_get(point, "unit") != NULL)
		xn_problem_add(in->problems, map->mark, NULL, "span_from: it says the unit too");
	if (words == NULL)
		return;
	spans = xn_new(in->arena, struct xn_modbus_span, words->count + 1);
	XN_YAML_EACH (word, words) {
		struct xn_modbus_span *span = &spans[source->span_count];

		if (!xn_yaml_check_scalar(word, in->problems))
			continue;
		if (!xn_text_number(word->key->text, 0, UINT16_MAX, &span->code))
			xn_problem_add(
			    in->problems, word->key->mark, NULL, "words: a whole number");
		else
			source->span_count += parse_span(in, word, rule->class_, span);
	}
	source->span = at;
	source->spans = spans;
}

/* Keys that say nothing of such a source. `keys` ends with NULL. */
static void
refuse_keys(struct xn_profile_reader *in, node_ref point, const char *const *keys, const char *why)
{
	for (; *keys != NULL; keys++) {
		node_ref node = xn_yaml_get(point, *keys);

		if (node != NULL)
			xn_problem_add(in->problems, node->mark, NULL, "%s: %s", *keys, why);
	}
}

void
xn_modbus_profile_point(
    struct xn_profile_reader *in, const struct xn_yaml *point, struct xn_point_spec *spec)
{
	static const char *const ours[] = {"type", "order", "bit", "bits", "span_from", NULL};
	static const char *const others[] = {"first", "index", "when", "name", "unit_from", NULL};
	struct xn_modbus_register at;
	struct xn_modbus_source *source;

	if (!read_register(in, point, &at)) {
		refuse_keys(in, point, ours, "of registers only");
		return;
	}
	refuse_keys(in, point, others, "of tables, not of registers");
	source = xn_new(in->arena, struct xn_modbus_source, 1);
	source->at = at;
	read_valid(in, point, source);
	read_scale(in, point, source);
	read_span(in, point, &spec->rule, source);
	spec->from = XN_FROM_REGISTER;
	spec->registers = source;
}
