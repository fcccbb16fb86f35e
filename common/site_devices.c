#include "common/site_build.h"

#include <string.h>

typedef struct xn_site_builder builder;

/* ---- snmp ---- */

/* `{sha256: {credential: NAME}}`: one protocol and its credential. */
static void
build_secret(builder *b, const struct xn_yaml *node, const struct xn_yaml_key *protocols,
    const char **ret_protocol, const char **ret_name)
{
	if (node == NULL || !xn_yaml_check_map(node, protocols, b->problems))
		return;
	if (node->count != 1) {
		if (!node->cut)
			xn_problem_add(b->problems, xn_yaml_place(node),
			    "such as sha256: {credential: NAME}",
			    "exactly one protocol is expected");
		return;
	}
	if (xn_value_credential(node->first, b->problems, ret_name))
		*ret_protocol = node->first->key->text;
}

/* Keys that belong to another version of the protocol. */
static void
refuse_keys(builder *b, const struct xn_yaml *node, const char *const *names, const char *version)
{
	for (; *names != NULL; names++) {
		const struct xn_yaml *value = xn_yaml_get(node, *names);

		if (value != NULL)
			xn_problem_add(b->problems, value->key->mark, NULL,
			    "key '%s' does not belong to SNMP version %s", *names, version);
	}
}

static void
miss_key(builder *b, const struct xn_yaml *node, const char *name, const char *version)
{
	if (xn_yaml_get(node, name) == NULL && !node->cut)
		xn_problem_add(b->problems, xn_yaml_place(node), NULL,
		    "required key '%s' is missing (SNMP version %s)", name, version);
}

static void
build_snmp(builder *b, const struct xn_yaml *node, struct xn_site_snmp *ret_snmp)
{
	static const struct xn_yaml_key keys[] = {{"version", true}, {"community", false},
	    {"user", false}, {"auth", false}, {"priv", false}, {NULL, false}};
	static const struct xn_yaml_key auths[] = {
	    {"md5", false}, {"sha", false}, {"sha256", false}, {"sha512", false}, {NULL, false}};
	static const struct xn_yaml_key privs[] = {
	    {"aes", false}, {"aes256", false}, {"des", false}, {NULL, false}};
	static const char *const versions[] = {"1", "2c", "3", NULL};
	static const char *const of_3[] = {"user", "auth", "priv", NULL};
	static const char *const of_1[] = {"community", NULL};
	const struct xn_yaml *value;
	struct xn_site_snmp snmp = {0};
	int choice = -1;

	if (node == NULL || !xn_yaml_check_map(node, keys, b->problems))
		return;
	if ((value = xn_yaml_get(node, "version")) != NULL)
		(void)xn_value_choice(value, b->problems, versions, &choice);
	snmp.version = choice + 1;
	if ((value = xn_yaml_get(node, "community")) != NULL)
		(void)xn_value_credential(value, b->problems, &snmp.community);
	if ((value = xn_yaml_get(node, "user")) != NULL)
		(void)xn_value_text(value, b->problems, &snmp.user);
	build_secret(b, xn_yaml_get(node, "auth"), auths, &snmp.auth_protocol, &snmp.auth);
	build_secret(b, xn_yaml_get(node, "priv"), privs, &snmp.priv_protocol, &snmp.priv);
	if (choice == 2) {
		refuse_keys(b, node, of_1, "3");
		miss_key(b, node, "user", "3");
		if ((value = xn_yaml_get(node, "priv")) != NULL &&
		    xn_yaml_get(node, "auth") == NULL)
			xn_problem_add(b->problems, value->key->mark, NULL,
			    "'priv' needs 'auth': there is no privacy without authentication");
	} else if (choice >= 0) {
		refuse_keys(b, node, of_3, versions[choice]);
		miss_key(b, node, "community", versions[choice]);
	}
	*ret_snmp = snmp;
}

/* ---- poll, feeds, measures ---- */

static void
build_poll(builder *b, const struct xn_yaml *value, xn_duration *ret_poll)
{
	if (value == NULL || !xn_value_time(value, b->problems, ret_poll))
		return;
	if (ret_poll->ms < 1000 || ret_poll->ms > 3600000)
		xn_problem_add(b->problems, value->mark, NULL,
		    "'%.64s' is out of range: 1 s to 1 h", value->text);
}

/* `RACK/FEED` of a rack there is. */
static void
build_feeds(builder *b, const struct xn_yaml *value, struct xn_site_device *device)
{
	const char *text;
	const char *slash;
	char rack[XN_NAME_SIZE];
	uint32_t place;
	int feed;

	if (value == NULL || !xn_value_text(value, b->problems, &text))
		return;
	slash = strrchr(text, '/');
	if (slash == NULL || (size_t)(slash - text) >= sizeof(rack) || slash == text) {
		xn_problem_add(b->problems, value->mark, "write RACK/FEED, such as A07/A",
		    "'%.64s' is no feed of a rack", text);
		return;
	}
	memcpy(rack, text, (size_t)(slash - text));
	rack[slash - text] = '\0';
	place = xn_site_index_find(&b->racks.names, rack);
	feed = strcmp(slash, "/A") == 0 ? 0 : strcmp(slash, "/B") == 0 ? 1 : -1;
	if (place == XN_NONE && b->incomplete)
		return;
	if (place == XN_NONE) {
		xn_problem_add(b->problems, value->mark, NULL, "there is no rack '%s'", rack);
	} else if (feed < 0 || !b->site->racks[place].feeds[feed].present) {
		xn_problem_add(b->problems, value->mark, NULL, "rack '%s' has no feed '%.64s'",
		    rack, slash + 1);
	} else {
		device->rack = place;
		device->feed = feed;
	}
}

static void
build_measures(builder *b, const struct xn_yaml *value, struct xn_site_device *device)
{
	static const char *const words[] = {
	    "site/grid", "site/pv", "site/battery", "site/generator", "cooling/", NULL};
	const char *text;
	int choice = 4;

	if (value == NULL || !xn_value_text(value, b->problems, &text))
		return;
	if (strncmp(text, "cooling/", 8) != 0 &&
	    !xn_value_choice(value, b->problems, words, &choice))
		return;
	device->measures = XN_MEASURES_GRID + (enum xn_measures)choice;
	if (device->measures == XN_MEASURES_COOLING) {
		struct xn_yaml zone = {
		    .kind = XN_YAML_SCALAR, .mark = value->mark, .text = text + 8};

		(void)xn_value_name(&zone, b->problems, &device->zone);
	}
}

/* ---- as a meter ---- */

static void
build_register(builder *b, const struct xn_yaml *node, struct xn_site_register *ret_register)
{
	static const struct xn_yaml_key keys[] = {
	    {"bits", true}, {"unit", true}, {"reset", false}, {NULL, false}};
	static const char *const resets[] = {"allowed", "never", NULL};
	struct xn_site_register made = {0};
	const struct xn_yaml *value;
	int64_t bits = 0;
	int choice = 0;

	if (node == NULL || !xn_yaml_check_map(node, keys, b->problems))
		return;
	if ((value = xn_yaml_get(node, "bits")) != NULL &&
	    xn_value_count(value, b->problems, &bits) && (bits < 8 || bits > 64))
		xn_problem_add(b->problems, value->mark, NULL,
		    "'%.64s' is out of range: a register has 8 to 64 bits", value->text);
	if ((value = xn_yaml_get(node, "unit")) != NULL &&
	    xn_value_energy(value, b->problems, &made.unit) && made.unit.mj == 0)
		xn_problem_add(
		    b->problems, value->mark, NULL, "'%.64s': a step is above zero", value->text);
	if ((value = xn_yaml_get(node, "reset")) != NULL)
		(void)xn_value_choice(value, b->problems, resets, &choice);
	made.bits = (int)bits;
	made.fixed = choice == 1;
	*ret_register = made;
}

static void
build_meter(builder *b, const struct xn_yaml *node, struct xn_site_device *device)
{
	const struct xn_yaml *value;

	if ((value = xn_yaml_get(node, "accuracy")) != NULL)
		(void)xn_value_share(value, b->problems, &device->accuracy);
	if ((value = xn_yaml_get(node, "transformer")) != NULL)
		(void)xn_value_share(value, b->problems, &device->transformer);
	if ((value = xn_yaml_get(node, "calibrated")) != NULL)
		(void)xn_value_date(value, b->problems, &device->calibrated);
	if ((value = xn_yaml_get(node, "certificate")) != NULL)
		(void)xn_value_text(value, b->problems, &device->certificate);
	if ((value = xn_yaml_get(node, "max_power")) != NULL)
		(void)xn_value_power(value, b->problems, &device->max_power);
	build_register(b, xn_yaml_get(node, "register"), &device->energy_register);
}

/* ---- a device ---- */

static void
build_address(builder *b, const struct xn_yaml *value, struct xn_site_device *device)
{
	char why[128];

	if (value == NULL || !xn_value_text(value, b->problems, &device->address))
		return;
	if (!xn_site_address_good(device->address, why, sizeof(why)))
		xn_problem_add(b->problems, value->mark, why, "'%.64s' is no address of a device",
		    device->address);
}

static void
build_device(builder *b, const struct xn_yaml *node, struct xn_site_device *device)
{
	static const struct xn_yaml_key keys[] = {{"profile", true}, {"address", true},
	    {"feeds", false}, {"measures", false}, {"poll", false}, {"snmp", false},
	    {"accuracy", false}, {"transformer", false}, {"calibrated", false},
	    {"certificate", false}, {"max_power", false}, {"register", false}, {"enabled", false},
	    {"agent", false}, {NULL, false}};
	const struct xn_yaml *value;

	*device = (struct xn_site_device){
	    .name = node->key->text, .rack = XN_NONE, .feed = -1, .poll = b->poll, .enabled = true};
	if (!xn_yaml_check_map(node, keys, b->problems))
		return;
	if ((value = xn_yaml_get(node, "profile")) != NULL)
		(void)xn_value_name(value, b->problems, &device->profile);
	build_address(b, xn_yaml_get(node, "address"), device);
	build_feeds(b, xn_yaml_get(node, "feeds"), device);
	build_measures(b, xn_yaml_get(node, "measures"), device);
	if (device->feed >= 0 && device->measures != XN_MEASURES_NOTHING)
		xn_problem_add(b->problems, xn_yaml_get(node, "measures")->key->mark,
		    "one meter has one place: name the device that measures the rest",
		    "a device that feeds a rack measures nothing else");
	build_poll(b, xn_yaml_get(node, "poll"), &device->poll);
	if (device->address != NULL && strncmp(device->address, "snmp:", 5) == 0)
		device->snmp = b->snmp;
	build_snmp(b, xn_yaml_get(node, "snmp"), &device->snmp);
	build_meter(b, node, device);
	if ((value = xn_yaml_get(node, "enabled")) != NULL)
		(void)xn_value_switch(value, b->problems, &device->enabled);
	if ((value = xn_yaml_get(node, "agent")) != NULL)
		(void)xn_value_name(value, b->problems, &device->agent);
}

void
xn_site_build_devices(builder *b)
{
	static const struct xn_yaml_key keys[] = {{"poll", false}, {"snmp", false}, {NULL, false}};
	struct xn_site *site = b->site;

	if (b->defaults != NULL && xn_yaml_check_map(b->defaults, keys, b->problems)) {
		build_poll(b, xn_yaml_get(b->defaults, "poll"), &b->poll);
		build_snmp(b, xn_yaml_get(b->defaults, "snmp"), &b->snmp);
	}
	site->devices = xn_new(b->arena, struct xn_site_device, b->devices.count);
	site->device_count = b->devices.count;
	for (uint32_t i = 0; i < site->device_count; i++)
		build_device(b, b->devices.values[i], &site->devices[i]);
}
