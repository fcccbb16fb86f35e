#include "common/site_build.h"

#include <string.h>

#define UNITS_MAX      60
/* Ratings above are slips of the pen, and would overflow what is added up of them. */
#define BREAKER_MAX_MA INT64_C(10000000)
#define VOLTAGE_MAX_MV INT64_C(1000000)
/* Outlets that are used in the whole site. */
#define OUTLETS_MAX    XN_METERS_MAX

typedef struct xn_site_builder builder;

/* ---- feeds ---- */

static void
build_feed(builder *b, const struct xn_yaml *node, struct xn_site_feed *feed)
{
	static const struct xn_yaml_key keys[] = {{"panel", false}, {"breaker", true},
	    {"phases", false}, {"voltage", false}, {"max_load", false}, {NULL, false}};
	static const char *const phases[] = {"1", "3", NULL};
	const struct xn_yaml *value;
	int choice = 0;

	*feed = (struct xn_site_feed){.present = true, .voltage_mv = 230000, .max_load = {1000000}};
	if (!xn_yaml_check_map(node, keys, b->problems))
		return;
	if ((value = xn_yaml_get(node, "panel")) != NULL)
		(void)xn_value_text(value, b->problems, &feed->panel);
	if ((value = xn_yaml_get(node, "breaker")) != NULL &&
	    xn_value_current(value, b->problems, &feed->breaker_ma) &&
	    (feed->breaker_ma == 0 || feed->breaker_ma > BREAKER_MAX_MA))
		xn_problem_add(b->problems, value->mark, NULL,
		    "'%.64s': a breaker is above 0 A and at most 10000 A", value->text);
	if ((value = xn_yaml_get(node, "voltage")) != NULL &&
	    xn_value_voltage(value, b->problems, &feed->voltage_mv) &&
	    (feed->voltage_mv == 0 || feed->voltage_mv > VOLTAGE_MAX_MV))
		xn_problem_add(b->problems, value->mark, NULL,
		    "'%.64s': a voltage is above 0 V and at most 1000 V", value->text);
	if ((value = xn_yaml_get(node, "phases")) != NULL)
		(void)xn_value_choice(value, b->problems, phases, &choice);
	if ((value = xn_yaml_get(node, "max_load")) != NULL &&
	    xn_value_share(value, b->problems, &feed->max_load) && feed->max_load.ppm == 0)
		xn_problem_add(b->problems, value->mark, NULL, "a share above 0 %% is expected");
	feed->phases = choice == 0 ? 1 : 3;
	if (feed->breaker_ma <= BREAKER_MAX_MA && feed->voltage_mv <= VOLTAGE_MAX_MV)
		feed->rating.mw = feed->breaker_ma * feed->voltage_mv / 1000 * feed->phases;
}

static void
build_feeds(builder *b, const struct xn_yaml *feeds, struct xn_site_rack *rack)
{
	static const struct xn_yaml_key keys[] = {{"A", false}, {"B", false}, {NULL, false}};

	if (feeds == NULL || !xn_yaml_check_map(feeds, keys, b->problems))
		return;
	for (int i = 0; i < 2; i++) {
		const struct xn_yaml *feed = xn_yaml_get(feeds, keys[i].name);

		if (feed != NULL)
			build_feed(b, feed, &rack->feeds[i]);
	}
}

/* ---- the rack itself ---- */

static void
build_at(builder *b, const struct xn_yaml *at, struct xn_site_rack *rack)
{
	static const struct xn_yaml_key keys[] = {{"row", false}, {"column", false}, {NULL, false}};
	const struct xn_yaml *value;

	if (at == NULL || !xn_yaml_check_map(at, keys, b->problems))
		return;
	if ((value = xn_yaml_get(at, "row")) != NULL)
		(void)xn_value_name(value, b->problems, &rack->row);
	if ((value = xn_yaml_get(at, "column")) != NULL)
		(void)xn_value_count(value, b->problems, &rack->column);
}

/* A whole number of at most three digits, without a zero before it; 0 if it is not. Moves on. */
static unsigned
take_small(const char **text)
{
	unsigned value = 0;

	if (**text == '0')
		return 0;
	for (int i = 0; i < 3 && **text >= '0' && **text <= '9'; i++, ++*text)
		value = value * 10 + (unsigned)(**text - '0');
	return value;
}

static void
build_height(builder *b, const struct xn_yaml *value, struct xn_site_rack *rack)
{
	const char *at;
	unsigned height;

	if (value == NULL || !xn_yaml_check_scalar(value, b->problems))
		return;
	at = value->text;
	height = take_small(&at);
	if (height < 1 || height > UNITS_MAX || strcmp(at, "U") != 0)
		xn_problem_add(b->problems, value->mark, "a height is 1U to 60U",
		    "'%.64s' is no height of a rack", value->text);
	else
		rack->height = height;
}

static void
build_inlet(builder *b, const struct xn_yaml *value, struct xn_site_rack *rack)
{
	if (value == NULL || !xn_value_temperature(value, b->problems, &rack->inlet_max))
		return;
	if (rack->inlet_max.mk < xn_millicelsius(10000).mk ||
	    rack->inlet_max.mk > xn_millicelsius(50000).mk)
		xn_problem_add(b->problems, value->mark, NULL,
		    "'%.64s' is out of range: 10 degC to 50 degC", value->text);
}

static void
build_rack(builder *b, const struct xn_yaml *node, struct xn_site_rack *rack)
{
	static const struct xn_yaml_key keys[] = {{"room", true}, {"at", false}, {"height", false},
	    {"feeds", false}, {"cooling", false}, {"units", false}, {NULL, false}};
	static const struct xn_yaml_key cooling_keys[] = {
	    {"zone", false}, {"inlet_max", false}, {NULL, false}};
	const struct xn_yaml *value;

	rack->name = node->key->text;
	rack->column = -1;
	rack->cooling_device = XN_NONE;
	if (!xn_yaml_check_map(node, keys, b->problems))
		return;
	if ((value = xn_yaml_get(node, "room")) != NULL)
		(void)xn_value_name(value, b->problems, &rack->room);
	build_at(b, xn_yaml_get(node, "at"), rack);
	build_height(b, xn_yaml_get(node, "height"), rack);
	build_feeds(b, xn_yaml_get(node, "feeds"), rack);
	value = xn_yaml_get(node, "cooling");
	if (value != NULL && xn_yaml_check_map(value, cooling_keys, b->problems))
		build_inlet(b, xn_yaml_get(value, "inlet_max"), rack);
}

void
xn_site_build_racks(builder *b)
{
	struct xn_site *site = b->site;

	site->racks = xn_new(b->arena, struct xn_site_rack, b->racks.count);
	site->rack_count = b->racks.count;
	for (uint32_t i = 0; i < site->rack_count; i++)
		build_rack(b, b->racks.values[i], &site->racks[i]);
}

/* ---- units: which host stands where, on which outlets ---- */

/* `U7` or `U10-U11`. */
static bool
read_units(const char *text, unsigned *ret_first, unsigned *ret_last)
{
	if (*text++ != 'U')
		return false;
	*ret_first = *ret_last = take_small(&text);
	if (text[0] == '-' && text[1] == 'U') {
		text += 2;
		*ret_last = take_small(&text);
	}
	return *text == '\0' && *ret_first >= 1 && *ret_last >= *ret_first;
}

/* `taken`: for each unit of the rack the key that holds it. */
static bool
check_units(builder *b, const struct xn_site_rack *rack, const struct xn_yaml *key,
    const struct xn_yaml **taken, unsigned *ret_first, unsigned *ret_last)
{
	unsigned height = rack->height != 0 ? rack->height : UNITS_MAX;

	if (key->spoiled)
		return false;
	if (!read_units(key->text, ret_first, ret_last)) {
		xn_problem_add(b->problems, key->mark, "write U7 or U10-U11",
		    "'%.64s' are no units", key->text);
		return false;
	}
	if (*ret_last > height) {
		xn_problem_add(b->problems, key->mark, NULL, "'%s' is above the rack's %uU",
		    key->text, height);
		return false;
	}
	for (unsigned unit = *ret_first; unit <= *ret_last; unit++)
		if (taken[unit] != NULL) {
			xn_problem_add(b->problems, key->mark, NULL,
			    "'%s' overlaps '%s' in line %u", key->text, taken[unit]->text,
			    taken[unit]->mark.line);
			return false;
		}
	for (unsigned unit = *ret_first; unit <= *ret_last; unit++)
		taken[unit] = key;
	return true;
}

/* `DEVICE/NUMBER`, of a device there is, not used before. */
static bool
read_outlet(builder *b, const struct xn_yaml *item, struct xn_site_outlet *ret_outlet)
{
	const char *slash;
	const char *at;
	const char *text;
	char device[XN_NAME_SIZE];
	unsigned number;

	if (!xn_value_text(item, b->problems, &text))
		return false;
	slash = strrchr(text, '/');
	at = slash != NULL ? slash + 1 : "";
	number = take_small(&at);
	if (slash == NULL || number == 0 || *at != '\0' ||
	    (size_t)(slash - text) >= sizeof(device)) {
		xn_problem_add(b->problems, item->mark, "write DEVICE/NUMBER, such as pdu-a07-a/3",
		    "'%.64s' is no outlet", text);
		return false;
	}
	memcpy(device, text, (size_t)(slash - text));
	device[slash - text] = '\0';
	*ret_outlet =
	    (struct xn_site_outlet){xn_site_index_find(&b->devices.names, device), number};
	if (ret_outlet->device == XN_NONE) {
		if (!b->incomplete)
			xn_problem_add(
			    b->problems, item->mark, NULL, "there is no device '%s'", device);
		return false;
	}
	if (xn_site_index_find(&b->outlets, text) != XN_NONE) {
		xn_problem_add(b->problems, item->mark, NULL, "outlet '%s' is already used", text);
		return false;
	}
	if (b->outlets.count == OUTLETS_MAX) {
		xn_problem_add(b->problems, item->mark, NULL, "more than %d outlets", OUTLETS_MAX);
		return false;
	}
	xn_site_index_add(b->arena, &b->outlets, text, 0);
	return true;
}

static void
join_outlets(builder *b, const struct xn_yaml *list, uint32_t rack, struct xn_site_host *host)
{
	struct xn_site_outlet outlet;

	if (list == NULL || !xn_yaml_check_list(list, b->problems))
		return;
	XN_YAML_EACH (item, list) {
		if (!read_outlet(b, item, &outlet))
			continue;
		if (b->site->devices[outlet.device].rack == XN_NONE)
			b->site->devices[outlet.device].rack = rack;
		if (host->outlet_count == XN_SITE_OUTLETS_MAX)
			xn_problem_add(b->problems, item->mark, NULL,
			    "more than %d outlets of one host", XN_SITE_OUTLETS_MAX);
		else
			host->outlets[host->outlet_count++] = outlet;
	}
}

static void
join_power(builder *b, const struct xn_yaml *power, struct xn_site_host *host)
{
	static const struct xn_yaml_key keys[] = {{"idle", true}, {"full", true}, {NULL, false}};
	const struct xn_yaml *idle;
	const struct xn_yaml *full;
	bool good;

	if (power == NULL || !xn_yaml_check_map(power, keys, b->problems))
		return;
	idle = xn_yaml_get(power, "idle");
	full = xn_yaml_get(power, "full");
	good = idle != NULL && xn_value_power(idle, b->problems, &host->idle);
	good = full != NULL && xn_value_power(full, b->problems, &host->full) && good;
	if (good && host->full.mw < host->idle.mw)
		xn_problem_add(b->problems, full->mark, NULL, "'full' is below 'idle'");
}

/* The host that stands in these units; a spare row when there is none, so that all is checked. */
static struct xn_site_host *
join_host(builder *b, const struct xn_yaml *value, uint32_t rack, struct xn_site_host *spare)
{
	const char *name;
	uint32_t place;
	struct xn_site_host *host;

	if (value == NULL || !xn_value_name(value, b->problems, &name))
		return spare;
	place = xn_site_index_find(&b->hosts, name);
	if (place == XN_NONE) {
		if (!b->incomplete && !b->hosts_unsure)
			xn_problem_add(
			    b->problems, value->mark, NULL, "host '%s' is in no cluster", name);
		return spare;
	}
	host = &b->site->hosts[place];
	if (host->rack != XN_NONE) {
		xn_problem_add(b->problems, value->mark, NULL,
		    "host '%s' already stands in rack '%s'", name, b->site->racks[host->rack].name);
		return spare;
	}
	host->rack = rack;
	return host;
}

/* Units without a host still say which rack an outlet's device belongs to. */
static void
add_other(builder *b, const struct xn_site_host *spare, uint32_t rack)
{
	struct xn_site_unit *unit = xn_new(b->arena, struct xn_site_unit, 1);

	*unit = (struct xn_site_unit){.rack = rack,
	    .unit_first = spare->unit_first,
	    .unit_last = spare->unit_last,
	    .outlet_count = spare->outlet_count};
	memcpy(unit->outlets, spare->outlets, sizeof(unit->outlets));
	*b->other_tail = unit;
	b->other_tail = &unit->next;
}

static void
join_units(builder *b, const struct xn_yaml *units, uint32_t rack)
{
	static const struct xn_yaml_key keys[] = {
	    {"host", false}, {"outlets", false}, {"power", false}, {NULL, false}};
	const struct xn_yaml *taken[UNITS_MAX + 1] = {NULL};

	if (units == NULL || !xn_yaml_check_names(units, b->problems))
		return;
	XN_YAML_EACH (unit, units) {
		struct xn_site_host spare = {.rack = XN_NONE};
		struct xn_site_host *host;
		unsigned first = 0;
		unsigned last = 0;

		(void)check_units(b, &b->site->racks[rack], unit->key, taken, &first, &last);
		if (!xn_yaml_check_map(unit, keys, b->problems))
			continue;
		host = join_host(b, xn_yaml_get(unit, "host"), rack, &spare);
		host->unit_first = first;
		host->unit_last = last;
		join_outlets(b, xn_yaml_get(unit, "outlets"), rack, host);
		join_power(b, xn_yaml_get(unit, "power"), host);
		if (host == &spare)
			add_other(b, host, rack);
	}
}

/* ---- references from racks ---- */

static void
join_zone(builder *b, const struct xn_yaml *zone, struct xn_site_rack *rack)
{
	const char *name;
	uint32_t device;

	if (zone == NULL || !xn_value_name(zone, b->problems, &name))
		return;
	device = xn_site_index_find(&b->devices.names, name);
	if (device == XN_NONE) {
		if (!b->incomplete)
			xn_problem_add(
			    b->problems, zone->mark, NULL, "there is no device '%s'", name);
	} else if (b->site->devices[device].measures == XN_MEASURES_COOLING) {
		rack->cooling_device = device;
	} else if (b->site->devices[device].measures != XN_MEASURES_NOTHING ||
	    xn_yaml_get(b->devices.values[device], "measures") ==
		NULL) { /* else it is said there */
		xn_problem_add(b->problems, zone->mark, "give it measures: cooling/NAME",
		    "device '%s' does not measure cooling", name);
	}
}

/* The agent that reads a device: as it says, else its rack's, else the site's. */
static void
name_agents(builder *b)
{
	struct xn_site *site = b->site;

	for (uint32_t i = 0; i < site->device_count; i++) {
		struct xn_site_device *device = &site->devices[i];

		if (device->agent == NULL)
			device->agent =
			    device->rack == XN_NONE ? "site" : site->racks[device->rack].name;
	}
}

void
xn_site_join_racks(builder *b)
{
	b->other_tail = &b->site->other_units;
	for (uint32_t i = 0; i < b->racks.count; i++) {
		const struct xn_yaml *node = b->racks.values[i];
		const struct xn_yaml *cooling = xn_yaml_get(node, "cooling");

		join_zone(b, xn_yaml_get(cooling, "zone"), &b->site->racks[i]);
		join_units(b, xn_yaml_get(node, "units"), i);
	}
	name_agents(b);
}
