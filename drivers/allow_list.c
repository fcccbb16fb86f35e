#include "drivers/allow_list.h"

#include <string.h>

#include "common/text.h"
#include "common/value.h"

struct reader {
	struct xn_arena *arena;
	struct xn_problems *problems;
	struct xn_allow_list *list;
};

/* A whole number of a row; `otherwise` when it is wrong, which is said, or not there. */
static int64_t
number_of(struct reader *in, xn_node row, const char *key, int64_t min, int64_t max)
{
	xn_node node = xn_yaml_get(row, key);
	int64_t value = min;

	if (node == NULL || !xn_yaml_check_scalar(node, in->problems))
		return min;
	if (!xn_text_number(node->text, min, max, &value))
		xn_problem_add(in->problems, node->mark, NULL,
		    "%s: a whole number from %lld to %lld", key, (long long)min, (long long)max);
	return value;
}

static int
word_of(struct reader *in, xn_node row, const char *key, const char *const *words)
{
	xn_node node = xn_yaml_get(row, key);
	int index = 0;

	if (node != NULL)
		xn_value_choice(node, in->problems, words, &index);
	return index;
}

/* The numbers a place can hold. */
static void
bounds_of(const struct xn_allowed *allowed, int64_t *ret_min, int64_t *ret_max)
{
	static const struct {
		int64_t min;
		int64_t max;
	} types[] = {[XN_U16] = {0, UINT16_MAX},
	    [XN_I16] = {INT16_MIN, INT16_MAX},
	    [XN_U32] = {0, UINT32_MAX},
	    [XN_I32] = {INT32_MIN, INT32_MAX}};

	*ret_min = 0;
	*ret_max = 1;
	if (allowed->kind == XN_ALLOW_HOLDING) {
		*ret_min = types[allowed->type].min;
		*ret_max = types[allowed->type].max;
	} else if (allowed->kind == XN_ALLOW_OID) {
		*ret_min = allowed->tag == XN_SNMP_GAUGE ? 0 : INT32_MIN;
		*ret_max = allowed->tag == XN_SNMP_GAUGE ? UINT32_MAX : INT32_MAX;
	}
}

static void
read_place(struct reader *in, xn_node row, struct xn_allowed *allowed)
{
	static const char *const types[] = {"u16", "i16", "u32", "i32", NULL};
	static const char *const orders[] = {"ABCD", "CDAB", "BADC", "DCBA", NULL};
	static const char *const objects[] = {"integer", "gauge", NULL};
	xn_node oid = xn_yaml_get(row, "oid");
	xn_node coil = xn_yaml_get(row, "coil");
	xn_node holding = xn_yaml_get(row, "holding");
	xn_node multiple = xn_yaml_get(row, "multiple");

	if ((oid != NULL) + (coil != NULL) + (holding != NULL) != 1) {
		xn_problem_add(in->problems, row->mark, NULL,
		    "a place to write is one of coil, holding and oid");
		return;
	}
	if (oid != NULL) {
		allowed->kind = XN_ALLOW_OID;
		allowed->tag =
		    word_of(in, row, "type", objects) == 0 ? XN_SNMP_INTEGER : XN_SNMP_GAUGE;
		if (xn_yaml_check_scalar(oid, in->problems) &&
		    !xn_oid_parse(oid->text, &allowed->oid))
			xn_problem_add(in->problems, oid->mark, NULL, "oid: not a numeric OID");
		return;
	}
	allowed->kind = coil != NULL ? XN_ALLOW_COIL : XN_ALLOW_HOLDING;
	allowed->address =
	    (uint16_t)number_of(in, row, coil != NULL ? "coil" : "holding", 0, UINT16_MAX);
	if (holding != NULL) {
		allowed->type = (enum xn_modbus_type)word_of(in, row, "type", types);
		allowed->order = (enum xn_modbus_order)word_of(in, row, "order", orders);
	}
	if (multiple != NULL)
		xn_value_switch(multiple, in->problems, &allowed->multiple);
	if (holding != NULL && allowed->address + xn_modbus_width(allowed->type) > 65536)
		xn_problem_add(in->problems, holding->mark, NULL, "registers beyond 65535");
}

static void
read_limits(struct reader *in, xn_node row, struct xn_allowed *allowed)
{
	xn_node apart = xn_yaml_get(row, "apart");
	int64_t min;
	int64_t max;

	bounds_of(allowed, &min, &max);
	allowed->least = number_of(in, row, "least", min, max);
	allowed->most = number_of(in, row, "most", min, max);
	allowed->per_hour = number_of(in, row, "per_hour", 1, 3600);
	if (allowed->least > allowed->most)
		xn_problem_add(
		    in->problems, xn_yaml_get(row, "most")->mark, NULL, "most is below least");
	if (apart != NULL && xn_value_time(apart, in->problems, &allowed->apart) &&
	    allowed->apart.ms < 1000)
		xn_problem_add(in->problems, apart->mark, NULL, "apart: at least 1 s");
}

static bool
same_place(const struct xn_allowed *a, const struct xn_allowed *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == XN_ALLOW_OID)
		return xn_oid_compare(&a->oid, &b->oid) == 0;
	return a->address == b->address;
}

static void
check_unique(struct reader *in, xn_node row, const struct xn_allowed *allowed)
{
	for (unsigned i = 0; i < in->list->count; i++) {
		const struct xn_allowed *other = &in->list->rows[i];

		if (strcmp(other->device, allowed->device) != 0)
			continue;
		if (strcmp(other->name, allowed->name) == 0)
			xn_problem_add(in->problems, xn_yaml_get(row, "name")->mark, NULL,
			    "%s of %s is there twice", allowed->name, allowed->device);
		else if (same_place(other, allowed))
			xn_problem_add(in->problems, row->mark, NULL, "the same place as %s of %s",
			    other->name, other->device);
	}
}

static void
read_row(struct reader *in, xn_node row)
{
	static const struct xn_yaml_key schema[] = {{"device", true}, {"name", true},
	    {"coil", false}, {"holding", false}, {"oid", false}, {"type", false}, {"order", false},
	    {"multiple", false}, {"least", true}, {"most", true}, {"per_hour", true},
	    {"apart", true}, {NULL, false}};
	struct xn_allowed *allowed = &in->list->rows[in->list->count];
	xn_node device;
	xn_node name;

	*allowed = (struct xn_allowed){.device = "", .name = ""};
	if (!xn_yaml_check_map(row, schema, in->problems))
		return;
	device = xn_yaml_get(row, "device");
	name = xn_yaml_get(row, "name");
	if (device == NULL || name == NULL || xn_yaml_get(row, "most") == NULL)
		return; /* said */
	if (!xn_value_name(device, in->problems, &allowed->device) ||
	    !xn_value_name(name, in->problems, &allowed->name))
		return;
	read_place(in, row, allowed);
	read_limits(in, row, allowed);
	check_unique(in, row, allowed);
	in->list->count++;
}

static void
read_root(struct reader *in, xn_node root)
{
	static const struct xn_yaml_key schema[] = {{"kind", true}, {"allow", true}, {NULL, false}};
	static const char *const kinds[] = {"allow-list", NULL};
	xn_node rows;

	if (!xn_yaml_check_map(root, schema, in->problems))
		return;
	word_of(in, root, "kind", kinds);
	rows = xn_yaml_get(root, "allow");
	if (rows == NULL || !xn_yaml_check_list(rows, in->problems))
		return;
	if (rows->count > XN_ALLOW_ROWS_MAX) {
		xn_problem_add(
		    in->problems, rows->mark, NULL, "allow: at most %d", XN_ALLOW_ROWS_MAX);
		return;
	}
	in->list->rows = xn_new(in->arena, struct xn_allowed, rows->count + 1);
	XN_YAML_EACH (row, rows)
		read_row(in, row);
}

int
xn_allow_list_read(struct xn_arena *arena, const char *path, struct xn_problems *problems,
    struct xn_allow_list **ret_list, struct xn_error *err)
{
	struct reader in = {.arena = arena, .problems = problems};
	unsigned before = problems->count;
	struct xn_yaml *documents;
	int code;

	*ret_list = NULL;
	code = xn_yaml_read_file(arena, path, problems, &documents, err);
	if (code < 0)
		return code;
	in.list = xn_new(arena, struct xn_allow_list, 1);
	if (documents != NULL && documents->first != NULL) {
		read_root(&in, documents->first);
		if (documents->first->next != NULL)
			xn_problem_add(
			    problems, documents->first->next->mark, NULL, "one allow-list a file");
	}
	if (problems->count == before)
		*ret_list = in.list;
	return XN_OK;
}

const struct xn_allowed *
xn_allow_list_find(const struct xn_allow_list *list, const char *device, const char *name)
{
	for (unsigned i = 0; i < list->count; i++) {
		if (strcmp(list->rows[i].device, device) == 0 &&
		    strcmp(list->rows[i].name, name) == 0)
			return &list->rows[i];
	}
	return NULL;
}
