#include "orchestrator/cli/commands.h"

#include <string.h>

#include "orchestrator/cli/metric_case.h"

#define ARENA_BYTES (256u << 20)

bool
xn_metric_number(
    const struct metric_case *one, const struct xn_yaml *node, struct xn_decimal *ret_number)
{
	if (!xn_yaml_check_scalar(node, one->problems))
		return false;
	if (xn_decimal_read(node->text, ret_number))
		return true;
	xn_problem_add(one->problems, node->mark, NULL, "'%.64s' is no decimal number", node->text);
	return false;
}

bool
xn_metric_expects(const char *key)
{
	return strcmp(key, "expect") == 0 || strncmp(key, "expect_", 7) == 0 ||
	    strncmp(key, "wrong_", 6) == 0 || strcmp(key, "flag") == 0;
}

/* ---- what came out against what was expected ---- */

/* Half a unit of the last digit printed or a millionth, whichever is larger. */
static bool
number_agrees(const struct xn_decimal *expected, double got)
{
	double size = expected->value < 0 ? -expected->value : expected->value;
	double off = got < expected->value ? expected->value - got : got - expected->value;
	double unit = 1;

	for (int i = 0; i < expected->places; i++)
		unit /= 10;
	for (int i = 0; i > expected->places; i--)
		unit *= 10;
	/* The half itself agrees, whatever binary fractions make of it. */
	return off <= (unit / 2 > size * 1e-6 ? unit / 2 : size * 1e-6) * (1 + 1e-9);
}

static bool
word_agrees(const char *expected, const char *got)
{
	return strcmp(expected, got) == 0 ||
	    (strcmp(expected, "reject") == 0 && strncmp(got, "reject:", 7) == 0);
}

static bool agrees(const struct xn_yaml *expected, const json_t *got);

static bool
list_agrees(const struct xn_yaml *expected, const json_t *got)
{
	size_t i = 0;

	if (!json_is_array(got) || json_array_size(got) != expected->count)
		return false;
	XN_YAML_EACH (item, expected)
		if (!agrees(item, json_array_get(got, i++)))
			return false;
	return true;
}

static bool
agrees(const struct xn_yaml *expected, const json_t *got)
{
	struct xn_decimal number;

	if (expected->kind == XN_YAML_LIST)
		return list_agrees(expected, got);
	if (expected->kind == XN_YAML_MAP) {
		XN_YAML_EACH (item, expected)
			if (!agrees(item, json_object_get(got, item->key->text)))
				return false;
		return true;
	}
	if (json_is_number(got))
		return xn_decimal_read(expected->text, &number) &&
		    number_agrees(&number, json_number_value(got));
	return json_is_string(got) && word_agrees(expected->text, json_string_value(got));
}

/* ---- one case ---- */

/* What the fields of a case make; which kind it is follows from them. */
struct answer {
	const struct metric_kpi *kpi;
	json_t *bands;   /* of a span under a schedule */
	json_t *counter; /* of readings */
};

static bool
is_counter(const struct xn_yaml *node)
{
	const struct xn_yaml *power = xn_yaml_get(node, "power_kw");

	return xn_yaml_get(node, "readings") != NULL || xn_yaml_get(node, "ulp_kwh") != NULL ||
	    (power != NULL && power->kind == XN_YAML_LIST);
}

static bool
answer_make(const struct metric_case *one, struct answer *ret_answer)
{
	*ret_answer = (struct answer){0};
	if (xn_yaml_get(one->node, "schedule") != NULL) {
		ret_answer->bands = xn_metric_tou(one);
		return ret_answer->bands != NULL;
	}
	if (is_counter(one->node)) {
		ret_answer->counter = xn_metric_counter(one);
		return ret_answer->counter != NULL;
	}
	ret_answer->kpi = xn_metric_kpi_read(one);
	return true;
}

static json_t *
kpi_got(const struct metric_kpi *kpi, const struct xn_yaml *node, const char *name)
{
	json_t *got;

	if (node->kind != XN_YAML_MAP)
		return xn_metric_kpi(kpi, name);
	got = json_object();
	XN_YAML_EACH (item, node)
		json_object_set_new(got, item->key->text, xn_metric_kpi(kpi, item->key->text));
	return got;
}

/* The sums that an expectation names. */
static json_t *
counter_sums(const json_t *counter, const struct xn_yaml *node)
{
	json_t *sums = json_object();

	XN_YAML_EACH (item, node) {
		json_t *sum = json_object_get(counter, item->key->text);

		json_object_set(sums, item->key->text, sum != NULL ? sum : json_null());
	}
	return sums;
}

/* What a counter says to `expect` (a list of pieces, sums or a word), `expect_total_kwh`, `flag`.
 */
static json_t *
counter_got(json_t *counter, const struct xn_yaml *node, const char *name)
{
	json_t *got = NULL;

	if (name != NULL)
		got = json_object_get(counter, name);
	else if (strcmp(node->key->text, "flag") == 0)
		got = json_object_get(counter, "flag");
	else if (node->kind == XN_YAML_LIST)
		got = json_object_get(counter, "pieces");
	else if (node->kind == XN_YAML_MAP)
		return counter_sums(counter, node);
	else
		got = json_object_get(counter, "config");
	return got != NULL ? json_incref(got) : json_null();
}

/* What the answer says to one expectation; the caller owns it. */
static json_t *
answer_to(const struct answer *answer, const struct xn_yaml *node)
{
	const char *key = node->key->text;
	const char *name = strncmp(key, "expect_", 7) == 0 ? key + 7 : NULL;

	if (answer->bands != NULL)
		return json_incref(answer->bands);
	if (answer->counter != NULL)
		return counter_got(answer->counter, node, name);
	return kpi_got(answer->kpi, node, name);
}

/* Whether nothing that came out is a number known to be wrong. */
static bool
avoids(const struct xn_decimal *wrong, json_t *got)
{
	const char *key;
	json_t *item;
	size_t i;

	json_object_foreach(got, key, item) if (!avoids(wrong, item)) return false;
	json_array_foreach(got, i, item) if (!avoids(wrong, item)) return false;
	if (json_is_number(got)) {
		double off = json_number_value(got) - wrong->value;
		double size = wrong->value < 0 ? -wrong->value : wrong->value;

		return (off < 0 ? -off : off) > size * 1e-6;
	}
	return true;
}

/* Everything a case expects: ok, and what came out, by the expectation's name if there are several.
 */
static bool
check_expectations(const struct metric_case *one, const struct answer *answer, json_t *all)
{
	struct xn_decimal wrong;
	bool ok = true;

	XN_YAML_EACH (node, one->node) {
		json_t *got;

		if (!xn_metric_expects(node->key->text) ||
		    strncmp(node->key->text, "wrong_", 6) == 0)
			continue;
		got = answer_to(answer, node);
		ok = agrees(node, got) && ok;
		json_object_set_new(all, node->key->text, got);
	}
	XN_YAML_EACH (node, one->node)
		if (strncmp(node->key->text, "wrong_", 6) == 0 &&
		    xn_metric_number(one, node, &wrong))
			ok = avoids(&wrong, all) && ok;
	return ok;
}

static json_t *
check_case(const struct metric_case *one, bool *ok)
{
	const struct xn_yaml *name = xn_yaml_get(one->node, "case");
	json_t *all = json_object();
	struct answer answer;
	bool good = false;
	json_t *line;
	json_t *got;

	if (name == NULL)
		xn_problem_add(
		    one->problems, one->node->mark, NULL, "a case needs 'case': its name");
	else if (xn_yaml_check_scalar(name, one->problems) && answer_make(one, &answer)) {
		good = check_expectations(one, &answer, all);
		json_decref(answer.bands);
		json_decref(answer.counter);
		if (json_object_size(all) == 0)
			xn_problem_add(one->problems, one->node->mark,
			    "such as 'expect' or 'expect_kwh'", "a case expects something");
	}
	got = json_object_size(all) == 1 ? json_object_iter_value(json_object_iter(all)) : all;
	line = json_pack("{s:s, s:b, s:O}", "case",
	    name != NULL && name->kind == XN_YAML_SCALAR ? name->text : "", "ok", (int)good, "got",
	    got);
	json_decref(all);
	*ok = *ok && good;
	return line;
}

/* ---- the file ---- */

/* Each list of the document is a section of cases; what is no list says something about the file.
 */
static json_t *
check_document(struct metric_case *one, const struct xn_yaml *document, bool *ok)
{
	const struct xn_yaml *schema = xn_yaml_get(document, "schema");
	json_t *lines = json_array();
	bool found = false;

	*ok = true;
	if (!xn_yaml_check_names(document, one->problems))
		return lines;
	if (schema != NULL && xn_yaml_check_scalar(schema, one->problems) &&
	    strcmp(schema->text, "xanh.vectors/1") != 0)
		xn_problem_add(one->problems, schema->mark, "xanh.vectors/1 is the one known",
		    "'%.64s' is no schema of vectors", schema->text);
	XN_YAML_EACH (section, document) {
		if (section->kind == XN_YAML_SCALAR)
			continue;
		found = true;
		if (!xn_yaml_check_list(section, one->problems))
			continue;
		XN_YAML_EACH (node, section) {
			one->node = node;
			if (xn_yaml_check_names(node, one->problems))
				json_array_append_new(lines, check_case(one, ok));
		}
	}
	if (!found)
		xn_problem_add(one->problems, document->mark, NULL, "there are no cases here");
	return lines;
}

static int
check_file(struct xn_arena *arena, const char *path, struct xn_error *err)
{
	struct xn_problems problems;
	struct xn_library library;
	struct xn_yaml *documents;
	struct metric_case one = {.arena = arena, .problems = &problems, .library = &library};
	json_t *lines;
	json_t *line;
	size_t i;
	bool ok = false;

	xn_problems_init(&problems, arena);
	if (xn_library_read(arena, &library, err) != XN_OK ||
	    xn_yaml_read_file(arena, path, &problems, &documents, err) != XN_OK)
		return xn_exit_of(err->code);
	if (documents->first == NULL && problems.count == 0) {
		xn_fail(err, XN_EINVALID, "%s: there is nothing in it", path);
		return XN_EXIT_INPUT;
	}
	lines =
	    documents->first != NULL ? check_document(&one, documents->first, &ok) : json_array();
	xn_problems_print(&problems, stderr);
	json_array_foreach(lines, i, line)
	{
		if (problems.count > 0)
			break;
		json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		putchar('\n');
	}
	json_decref(lines);
	return ok && problems.count == 0 ? XN_EXIT_OK : XN_EXIT_INPUT;
}

static int
metric_check(struct xn_cli *cli)
{
	struct xn_error err = {0};
	struct xn_arena arena;
	int status;

	if (cli->argument_count != 1) {
		fputs("xanh: metric check needs one FILE\n", stderr);
		return XN_EXIT_USAGE;
	}
	xn_arena_map(&arena, ARENA_BYTES);
	status = check_file(&arena, cli->arguments[0], &err);
	if (err.code != XN_OK) {
		fputs("xanh: ", stderr);
		xn_cli_print_escaped(stderr, err.text);
		fputc('\n', stderr);
	}
	xn_arena_unmap(&arena);
	return status;
}

const struct xn_cli_command xn_cli_metric_check = {
    .noun = "metric",
    .verb = "check",
    .arguments = "FILE",
    .summary = "work out the cases of a file of test vectors, one JSON line for each",
    .examples = "xanh metric check vectors.yaml\n",
    .run = metric_check,
};
