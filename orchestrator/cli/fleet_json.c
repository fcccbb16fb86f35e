#include "orchestrator/cli/fleet_json.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/value.h"
#include "policies/select.h"

/* No machine is larger; beyond it products of the engine might not fit in 64 bits. */
#define CORES_MAX  1e6
#define MEMORY_MAX 1e12
#define WATTS_MAX  1e6
#define FEED_MAX   1e9
#define SUM_MAX_MW INT64_C(1000000000000)

struct reading {
	struct xn_arena *arena;
	struct xn_fleet *fleet;
	struct xn_fleet_mistakes *mistakes;
	struct xn_intern feeds, racks, hosts, vms;
	/* What is being read, for mistakes. */
	const char *kind;
	size_t place;
	const char *id;
};

__attribute__((format(printf, 2, 3))) static void
mistake(struct reading *in, const char *format, ...)
{
	char text[400];
	va_list args;
	int head = 0;

	if (in->mistakes->count++ >= XN_FLEET_MISTAKES_MAX)
		return;
	if (in->kind != NULL)
		head = snprintf(text, sizeof(text), "%s[%zu]%s%.64s%s: ", in->kind, in->place,
		    in->id != NULL ? " '" : "", in->id != NULL ? in->id : "",
		    in->id != NULL ? "'" : "");
	va_start(args, format);
	vsnprintf(text + head, sizeof(text) - (size_t)head, format, args);
	va_end(args);
	in->mistakes->text[in->mistakes->count - 1] = xn_text_copy(in->arena, text, strlen(text));
}

/* A field that is there; null counts as absent. */
static const json_t *
field(struct reading *in, const json_t *object, const char *name, bool required)
{
	const json_t *value = json_object_get(object, name);

	if (value == NULL || json_is_null(value)) {
		if (required)
			mistake(in, "%s is missing", name);
		return NULL;
	}
	return value;
}

/* A number in thousandths (or another scale), within 0..most. */
static int64_t
number_of(struct reading *in, const json_t *value, const char *name, double scale, double most)
{
	double number;

	if (!json_is_number(value)) {
		mistake(in, "%s is no number", name);
		return 0;
	}
	number = json_number_value(value);
	if (!isfinite(number) || number < 0) {
		mistake(in, "%s is negative or not finite", name);
		return 0;
	}
	if (number > most) {
		mistake(in, "%s is larger than %g", name, most);
		return 0;
	}
	return (int64_t)llround(number * scale);
}

static int64_t
number(struct reading *in, const json_t *object, const char *name, double scale, double most,
    bool required, int64_t fallback)
{
	const json_t *value = field(in, object, name, required);

	return value == NULL ? fallback : number_of(in, value, name, scale, most);
}

static const char *
text(
    struct reading *in, const json_t *object, const char *name, bool required, const char *fallback)
{
	const json_t *value = field(in, object, name, required);

	if (value == NULL)
		return fallback;
	if (!json_is_string(value)) {
		mistake(in, "%s is no text", name);
		return fallback;
	}
	return xn_text_copy(in->arena, json_string_value(value), json_string_length(value));
}

static bool
on_off(struct reading *in, const json_t *object, const char *name, bool fallback)
{
	const json_t *value = field(in, object, name, false);

	if (value == NULL)
		return fallback;
	if (!json_is_boolean(value))
		mistake(in, "%s is neither true nor false", name);
	return json_is_true(value);
}

static const char *
labels(struct reading *in, const json_t *object)
{
	const json_t *list = field(in, object, "labels", false);
	size_t size = 1;
	char *joined;

	if (list == NULL)
		return "";
	if (!json_is_array(list)) {
		mistake(in, "labels is no list");
		return "";
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i))) {
			mistake(in, "labels[%zu] is no text", i);
			return "";
		} else {
			size += json_string_length(json_array_get(list, i)) + 1;
		}
	joined = xn_new(in->arena, char, size);
	for (size_t i = 0, at = 0; i < json_array_size(list); i++)
		at += (size_t)snprintf(joined + at, size - at, "%s%s", i > 0 ? " " : "",
		    json_string_value(json_array_get(list, i)));
	return joined;
}

/* The index of an id that is referred to; XN_NONE, with a mistake, if nothing has it. */
static uint32_t
reference(struct reading *in, const struct xn_intern *ids, const char *name, const char *id)
{
	uint32_t index = id == NULL ? XN_NONE : xn_intern_find(ids, id);

	if (id != NULL && index == XN_NONE)
		mistake(in, "%s '%.64s' is not known", name, id);
	return index;
}

/* Opens one row: an object with an id of its own. */
static bool
open_row(struct reading *in, const json_t *row, struct xn_intern *ids)
{
	in->id = NULL;
	if (!json_is_object(row)) {
		mistake(in, "is no object");
		return false;
	}
	in->id = text(in, row, "id", true, NULL);
	if (in->id != NULL && xn_intern_find(ids, in->id) != XN_NONE)
		mistake(in, "the id is not unique");
	xn_intern_of(ids, in->id);
	return true;
}

static void
read_feed(struct reading *in, const json_t *row)
{
	struct xn_fleet_feed *feed = &in->fleet->feeds[in->place];

	feed->id = in->id;
	feed->rating.mw = number(in, row, "rating_w", 1e3, FEED_MAX, true, 0);
	feed->max_load.ppm = number(in, row, "max_load", 1e6, 4, false, 1000000);
}

static enum xn_quality
quality_of(struct reading *in, const char *word)
{
	for (int q = 0; q < XN_QUALITY_COUNT; q++)
		if (strcmp(xn_quality_word((enum xn_quality)q), word) == 0)
			return (enum xn_quality)q;
	mistake(in, "inlet_quality '%.32s' is none of good estimated suspect stale absent", word);
	return XN_QUALITY_ABSENT;
}

static void
read_rack_feeds(struct reading *in, const json_t *row, struct xn_fleet_rack *rack)
{
	const json_t *list = field(in, row, "feeds", false);

	if (list == NULL)
		return;
	if (!json_is_array(list) || json_array_size(list) > 2) {
		mistake(in, "feeds is no list of at most 2");
		return;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		uint32_t feed;

		if (!json_is_string(item)) {
			mistake(in, "feeds[%zu] is no text", i);
			continue;
		}
		feed = reference(in, &in->feeds, "feed", json_string_value(item));
		if (feed != XN_NONE && !(rack->feed_count == 1 && rack->feeds[0] == feed))
			rack->feeds[rack->feed_count++] = feed;
	}
}

static void
read_rack(struct reading *in, const json_t *row)
{
	struct xn_fleet_rack *rack = &in->fleet->racks[in->place];
	int64_t heat;

	rack->id = in->id;
	rack->room = text(in, row, "room", true, "");
	rack->site = text(in, row, "site", true, "");
	read_rack_feeds(in, row, rack);
	heat = number(in, row, "inlet_c", 1e3, 1000, false, -1);
	rack->inlet.mk = heat < 0 ? 0 : xn_millicelsius(heat).mk;
	heat = number(in, row, "inlet_max_c", 1e3, 1000, false, -1);
	rack->inlet_max.mk = heat < 0 ? 0 : xn_millicelsius(heat).mk;
	rack->inlet_quality = quality_of(in, text(in, row, "inlet_quality", false, "good"));
	rack->inlet_mk_per_kw = number(in, row, "inlet_c_per_kw", 1e3, 1000, false, 1000);
	rack->cooling.ppm = number(in, row, "cooling_w_per_w", 1e6, 5, false, 0);
	rack->other.mw = number(in, row, "other_load_w", 1e3, WATTS_MAX, false, 0);
}

static enum xn_host_state
state_of(struct reading *in, const char *word)
{
	static const char *const words[] = {"on", "sleep", "off", "maintenance", "unreachable"};

	for (int s = 0; s < 5; s++)
		if (strcmp(words[s], word) == 0)
			return (enum xn_host_state)s;
	mistake(in, "state '%.32s' is none of on sleep off maintenance unreachable", word);
	return XN_HOST_OFF;
}

static void
read_curve(struct reading *in, const json_t *row, struct xn_fleet_host *host)
{
	const json_t *list = field(in, row, "power_w", true);

	if (list == NULL)
		return;
	if (!json_is_array(list) || json_array_size(list) != 11) {
		mistake(in, "power_w is no list of 11 numbers");
		return;
	}
	for (size_t i = 0; i < 11; i++) {
		unsigned before = in->mistakes->count;

		host->watts[i].mw =
		    number_of(in, json_array_get(list, i), "power_w", 1e3, WATTS_MAX);
		if (in->mistakes->count > before)
			return;
		if (i > 0 && host->watts[i].mw < host->watts[i - 1].mw) {
			mistake(in, "power_w falls at %zu %%", i * 10);
			return;
		}
	}
}

static void
read_host(struct reading *in, const json_t *row)
{
	struct xn_fleet_host *host = &in->fleet->hosts[in->place];

	host->id = in->id;
	host->rack = reference(in, &in->racks, "rack", text(in, row, "rack", true, NULL));
	host->cpu_millicores = number(in, row, "cpu", 1e3, CORES_MAX, true, 0);
	host->memory_mib = number(in, row, "memory_mib", 1, MEMORY_MAX, true, 0);
	host->network_mbps = number(in, row, "network_mbps", 1, 1e9, true, 0);
	read_curve(in, row, host);
	host->sleep_watts.mw = number(in, row, "sleep_w", 1e3, WATTS_MAX, false, 0);
	host->state = state_of(in, text(in, row, "state", false, "on"));
	host->cluster = text(in, row, "cluster", false, "default");
	host->security_level = (int)number(in, row, "security_level", 1, 1000, false, 1);
	host->can_sleep = on_off(in, row, "can_sleep", false);
	host->labels = labels(in, row);
}

static void
read_vm(struct reading *in, const json_t *row)
{
	struct xn_fleet_vm *vm = &in->fleet->vms[in->place];

	vm->id = in->id;
	vm->host = reference(in, &in->hosts, "host", text(in, row, "host", false, NULL));
	vm->cpu_millicores = number(in, row, "cpu", 1e3, CORES_MAX, true, 0);
	vm->cpu_used_millicores = number(in, row, "cpu_used", 1e3, CORES_MAX, true, 0);
	vm->cpu_p95_millicores =
	    number(in, row, "cpu_p95", 1e3, CORES_MAX, false, vm->cpu_used_millicores);
	vm->memory_mib = number(in, row, "memory_mib", 1, MEMORY_MAX, true, 0);
	vm->network_mbps = number(in, row, "network_mbps", 1, 1e9, false, 0);
	vm->dirty_mib_s = number(in, row, "dirty_mib_s", 1, 1e9, false, 0);
	vm->security_level = (int)number(in, row, "security_level", 1, 1000, false, 1);
	vm->moves_today = (int)number(in, row, "moves_today", 1, 1e6, false, 0);
	vm->movable = on_off(in, row, "movable", true);
	vm->running = on_off(in, row, "running", true);
	vm->labels = labels(in, row);
	vm->group = text(in, row, "group", false, NULL);
	vm->platform = text(in, row, "platform", false, NULL);
	vm->agency = text(in, row, "agency", false, NULL);
	if (vm->host != XN_NONE && vm->running &&
	    (in->fleet->hosts[vm->host].state == XN_HOST_OFF ||
		in->fleet->hosts[vm->host].state == XN_HOST_SLEEP))
		mistake(in, "runs on host '%.64s', which is off or asleep",
		    in->fleet->hosts[vm->host].id);
}

static uint32_t
rows_of(struct reading *in, const json_t *root, const char *kind, struct xn_intern *ids)
{
	const json_t *list = json_object_get(root, kind);

	in->kind = NULL;
	if (list != NULL && !json_is_array(list))
		mistake(in, "%s is no list", kind);
	if (json_array_size(list) > 1000000) {
		mistake(in, "%s has more than 1000000 rows", kind);
		list = NULL;
	}
	xn_intern_init(ids, in->arena, (uint32_t)json_array_size(list) + 1);
	return (uint32_t)json_array_size(list);
}

static void
read_rows(struct reading *in, const json_t *root, const char *kind, struct xn_intern *ids,
    uint32_t count, void (*read)(struct reading *, const json_t *))
{
	const json_t *list = json_object_get(root, kind);

	in->kind = kind;
	for (in->place = 0; in->place < count; in->place++)
		if (open_row(in, json_array_get(list, in->place), ids))
			read(in, json_array_get(list, in->place));
	in->kind = NULL;
}

static void
read_head(struct reading *in, const json_t *root)
{
	const json_t *version = json_object_get(root, "version");
	const json_t *now = field(in, root, "now", false);

	if (!json_is_integer(version) || json_integer_value(version) != 1)
		mistake(in, "version is not 1");
	if (now == NULL)
		return;
	if (!json_is_string(now) ||
	    !xn_fleet_json_instant(
		json_string_value(now), &in->fleet->now, &in->fleet->utc_offset_s))
		mistake(in, "now is no instant with an offset, like 2026-11-23T09:00:00+07:00");
}

/* Sums stay far below 64 bits, whatever is multiplied with them. */
static void
check_sums(struct reading *in)
{
	int64_t sum = 0;

	for (uint32_t r = 0; r < in->fleet->rack_count; r++)
		sum += in->fleet->racks[r].other.mw;
	for (uint32_t h = 0; h < in->fleet->host_count; h++)
		sum += in->fleet->hosts[h].watts[10].mw + in->fleet->hosts[h].sleep_watts.mw;
	if (sum > SUM_MAX_MW)
		mistake(in, "all hosts and racks together draw more than 1 GW");
}

static void
read_root(struct reading *in, const json_t *root)
{
	struct xn_fleet *fleet = in->fleet;

	if (!json_is_object(root)) {
		mistake(in, "is no JSON object");
		return;
	}
	read_head(in, root);
	fleet->feed_count = rows_of(in, root, "feeds", &in->feeds);
	fleet->rack_count = rows_of(in, root, "racks", &in->racks);
	fleet->host_count = rows_of(in, root, "hosts", &in->hosts);
	fleet->vm_count = rows_of(in, root, "vms", &in->vms);
	fleet->feeds = xn_new(in->arena, struct xn_fleet_feed, fleet->feed_count + 1u);
	fleet->racks = xn_new(in->arena, struct xn_fleet_rack, fleet->rack_count + 1u);
	fleet->hosts = xn_new(in->arena, struct xn_fleet_host, fleet->host_count + 1u);
	fleet->vms = xn_new(in->arena, struct xn_fleet_vm, fleet->vm_count + 1u);
	read_rows(in, root, "feeds", &in->feeds, fleet->feed_count, read_feed);
	read_rows(in, root, "racks", &in->racks, fleet->rack_count, read_rack);
	read_rows(in, root, "hosts", &in->hosts, fleet->host_count, read_host);
	read_rows(in, root, "vms", &in->vms, fleet->vm_count, read_vm);
	if (in->mistakes->count == 0)
		check_sums(in);
}

int
xn_fleet_json_read(struct xn_arena *arena, const char *bytes, size_t size,
    struct xn_fleet *ret_fleet, struct xn_fleet_mistakes *ret_mistakes)
{
	struct reading in = {.arena = arena, .fleet = ret_fleet, .mistakes = ret_mistakes};
	json_error_t error;
	json_t *root = json_loadb(bytes, size, 0, &error);

	memset(ret_fleet, 0, sizeof(*ret_fleet));
	ret_mistakes->count = 0;
	if (root == NULL)
		mistake(&in, "broken JSON at line %d, column %d: %s", error.line, error.column,
		    error.text);
	else
		read_root(&in, root);
	json_decref(root);
	return ret_mistakes->count > 0 ? XN_EINVALID : XN_OK;
}

bool
xn_fleet_json_instant(const char *given, xn_instant *ret_instant, int *ret_offset_s)
{
	unsigned char memory[4096];
	struct xn_arena arena;
	struct xn_problems problems;
	const struct xn_source source = {.path = "now", .bytes = given, .size = strlen(given)};
	const struct xn_yaml node = {
	    .kind = XN_YAML_SCALAR, .mark = {&source, 1, 1, 1}, .text = given};
	size_t length = strlen(given);
	int hours;
	int minutes;

	if (length > 40)
		return false;
	xn_arena_init(&arena, memory, sizeof(memory));
	xn_problems_init(&problems, &arena);
	if (!xn_value_instant(&node, &problems, ret_instant))
		return false;
	*ret_offset_s = 0;
	if (length >= 6 && sscanf(given + length - 5, "%2d:%2d", &hours, &minutes) == 2 &&
	    (given[length - 6] == '+' || given[length - 6] == '-'))
		*ret_offset_s = (hours * 60 + minutes) * (given[length - 6] == '-' ? -60 : 60);
	return true;
}
