#include "drivers/profile_read.h"

#include <inttypes.h>
#include <string.h>

const char *
xn_profile_text(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key)
{
	const struct xn_yaml *node = xn_yaml_get(map, key);

	if (node == NULL || !xn_yaml_check_scalar(node, in->problems))
		return NULL;
	return xn_text_copy(in->arena, node->text, strlen(node->text));
}

int64_t
xn_profile_count(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key,
    int64_t max, int64_t otherwise)
{
	const char *text = xn_profile_text(in, map, key);
	int64_t value;

	if (text == NULL)
		return otherwise;
	if (!xn_text_number(text, 0, max, &value)) {
		xn_problem_add(in->problems, xn_yaml_get(map, key)->mark, NULL,
		    "%s: a whole number from 0 to %" PRId64, key, max);
		return otherwise;
	}
	return value;
}

bool
xn_profile_yes(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key)
{
	const char *text = xn_profile_text(in, map, key);

	if (text == NULL || strcmp(text, "no") == 0)
		return false;
	if (strcmp(text, "yes") != 0)
		xn_problem_add(
		    in->problems, xn_yaml_get(map, key)->mark, NULL, "%s: yes or no", key);
	return true;
}

int
xn_profile_choice(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key,
    const char *const *words, int otherwise)
{
	const char *text = xn_profile_text(in, map, key);

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

bool
xn_profile_oid(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key,
    struct xn_oid *ret_oid)
{
	const char *text = xn_profile_text(in, map, key);
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
load_match(struct xn_profile_reader *in, const struct xn_yaml *item, struct xn_match *match)
{
	static const struct xn_yaml_key schema[] = {{"sysObjectID", false}, {"sysDescr", false},
	    {"probe", false}, {"text", false}, {NULL, false}};

	*match = (struct xn_match){.text = NULL};
	if (in->profile->modbus) {
		xn_modbus_profile_match(in, item, match);
		return;
	}
	if (!xn_yaml_check_map(item, schema, in->problems))
		return;
	xn_profile_oid(in, item, "sysObjectID", &match->object_id);
	xn_profile_oid(in, item, "probe", &match->probe);
	match->descr = xn_profile_text(in, item, "sysDescr");
	match->text = xn_profile_text(in, item, "text");
	if (match->object_id.count == 0 && match->descr == NULL && match->probe.count == 0)
		xn_problem_add(
		    in->problems, item->mark, NULL, "match: sysObjectID, sysDescr or probe");
	if (match->text != NULL && match->probe.count == 0)
		xn_problem_add(in->problems, item->mark, NULL, "match: text is that of a probe");
}

static void
load_matches(struct xn_profile_reader *in, const struct xn_yaml *root)
{
	const struct xn_yaml *list = xn_yaml_get(root, "match");

	if (list == NULL || !xn_yaml_check_list(list, in->problems))
		return;
	in->profile->matches = xn_new(in->arena, struct xn_match, list->count + 1);
	XN_YAML_EACH (item, list) {
		if (in->profile->match_count == XN_PROFILE_MATCHES_MAX) {
			xn_problem_add(in->problems, item->mark, NULL, "match: at most %d",
			    XN_PROFILE_MATCHES_MAX);
			return;
		}
		load_match(in, item, &in->profile->matches[in->profile->match_count++]);
	}
}

static void
load_model(struct xn_profile_reader *in, const struct xn_yaml *root)
{
	static const struct xn_yaml_key schema[] = {
	    {"oid", false}, {"maker", false}, {"after", false}, {NULL, false}};
	const struct xn_yaml *map = xn_yaml_get(root, "model");

	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	in->profile->model_mark = xn_profile_text(in, map, "after");
	xn_profile_oid(in, map, "oid", &in->profile->model_oid);
	xn_profile_oid(in, map, "maker", &in->profile->maker_oid);
}

static void
load_limits(struct xn_profile_reader *in, const struct xn_yaml *root)
{
	static const struct xn_yaml_key schema[] = {
	    {"objects", false}, {"rows", false}, {"pause_ms", false}, {NULL, false}};
	const struct xn_yaml *map = xn_yaml_get(root, "limits");
	struct xn_profile *profile = in->profile;

	profile->objects_max = 40;
	profile->rows_max = 40;
	if (map == NULL || !xn_yaml_check_map(map, schema, in->problems))
		return;
	profile->objects_max = (unsigned)xn_profile_count(in, map, "objects", 60, 40);
	profile->rows_max = (unsigned)xn_profile_count(in, map, "rows", 60, 40);
	profile->pause_ms = (unsigned)xn_profile_count(in, map, "pause_ms", 2000, 0);
	if (profile->objects_max < 1 || profile->rows_max < 1)
		xn_problem_add(in->problems, map->mark, NULL, "limits: objects and rows from 1");
}

/* An OID, or {sysObjectID: .SUFFIX}: below the device's own. */
static void
load_base(struct xn_profile_reader *in, const struct xn_yaml *root)
{
	static const struct xn_yaml_key schema[] = {{"sysObjectID", true}, {NULL, false}};
	const struct xn_yaml *base = xn_yaml_get(root, "base");

	if (base == NULL)
		return;
	if (base->kind == XN_YAML_SCALAR) {
		xn_profile_oid(in, root, "base", &in->base);
		return;
	}
	in->profile->floating = true;
	if (!xn_yaml_check_map(base, schema, in->problems))
		return;
	in->base = *in->object_id;
	xn_profile_oid(in, base, "sysObjectID", &in->base);
}

static void
load_root(struct xn_profile_reader *in, const struct xn_yaml *root, bool points)
{
	static const struct xn_yaml_key schema[] = {{"vendor", true}, {"title", true},
	    {"transport", true}, {"base", false}, {"standard", false}, {"sunspec", false},
	    {"either", false}, {"match", false}, {"model", false}, {"limits", false},
	    {"enumerations", false}, {"points", false}, {NULL, false}};
	static const char *const transports[] = {"snmp", "modbus", NULL};
	struct xn_profile *profile = in->profile;

	if (!xn_yaml_check_map(root, schema, in->problems))
		return;
	profile->vendor = xn_profile_text(in, root, "vendor");
	profile->title = xn_profile_text(in, root, "title");
	profile->modbus = xn_profile_choice(in, root, "transport", transports, 0) == 1;
	profile->sunspec = xn_profile_yes(in, root, "sunspec");
	profile->standard = xn_profile_yes(in, root, "standard");
	load_base(in, root);
	load_matches(in, root);
	if (profile->modbus) {
		profile->registers = xn_modbus_profile_family(in, root);
	} else {
		load_model(in, root);
		load_limits(in, root);
	}
	if (points)
		xn_profile_points(in, root);
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
xn_profile_read(struct xn_arena *arena, struct xn_arena *scratch, const char *path, bool points,
    const struct xn_oid *object_id, struct xn_problems *problems, struct xn_profile **ret_profile,
    struct xn_error *err)
{
	struct xn_profile_reader in = {
	    .arena = arena, .problems = problems, .object_id = object_id};
	unsigned before = problems->count;
	struct xn_yaml *documents;
	int code;

	*ret_profile = NULL;
	code = xn_yaml_read_file(scratch, path, problems, &documents, err);
	if (code < 0)
		return code;
	in.profile = xn_new(arena, struct xn_profile, 1);
	in.profile->name = base_name(arena, path);
	if (documents == NULL || documents->first == NULL)
		return problems->count > before
		    ? XN_OK
		    : xn_fail(err, XN_EINVALID, "%s: nothing in it", path);
	load_root(&in, documents->first, points);
	if (documents->first->next != NULL)
		xn_problem_add(problems, documents->first->next->mark, NULL, "one profile a file");
	if (problems->count == before)
		*ret_profile = in.profile;
	return XN_OK;
}
