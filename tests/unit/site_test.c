/* The site's configuration: the table of configuration.md section 4, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/site.h"

/* A folder of configuration files, and what was made of them. */
struct folder {
	char path[32];
	char root[4096];
	char example[4096]; /* the tests are run from the root of the sources */
	struct xn_arena arena;
	struct xn_problems problems;
	struct xn_site site;
	struct xn_error err;
	char *printed;
};

static int
setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (getcwd(folder->root, sizeof(folder->root)) == NULL ||
	    realpath("deploy/examples/xanh.yaml", folder->example) == NULL)
		return -1;
	strcpy(folder->path, "/tmp/xanh-site-XXXXXX");
	if (mkdtemp(folder->path) == NULL || chdir(folder->path) != 0)
		return -1;
	*state = folder;
	return 0;
}

static int
teardown(void **state)
{
	struct folder *folder = *state;
	char command[64];
	int status;

	free(folder->printed);
	xn_arena_unmap(&folder->arena);
	status = chdir(folder->root);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder->path);
	status |= system(command);
	free(folder);
	return status;
}

static void
write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static int
load_files(struct folder *folder, const char *const *files, unsigned count)
{
	size_t size;
	FILE *out;
	int status;

	free(folder->printed);
	xn_arena_unmap(&folder->arena);
	xn_arena_map(&folder->arena, XN_SITE_ARENA_SIZE);
	xn_problems_init(&folder->problems, &folder->arena);
	status = xn_site_load(
	    &folder->arena, files, count, &folder->problems, &folder->site, &folder->err);
	out = open_memstream(&folder->printed, &size);
	xn_problems_print(&folder->problems, out);
	fclose(out);
	return status;
}

static void
load(struct folder *folder, const char *text)
{
	const char *name = "a.yaml";

	write_file(name, text);
	assert_int_equal(load_files(folder, &name, 1), XN_OK);
}

#define HEAD "version: 1\nsite: {name: x}\n"

/* What stands after HEAD has exactly this one mistake. */
static void
expect_one(struct folder *folder, const char *text, const char *mistake)
{
	char *whole;

	assert_true(asprintf(&whole, HEAD "%s", text) > 0);
	load(folder, whole);
	free(whole);
	assert_memory_equal(folder->printed, mistake, strlen(mistake));
	assert_int_equal(folder->printed[strlen(mistake)], '\n');
	assert_int_equal(folder->problems.count, 1);
}

static void
expect_good(struct folder *folder, const char *text)
{
	char *whole;

	assert_true(asprintf(&whole, HEAD "%s", text) > 0);
	load(folder, whole);
	free(whole);
	assert_string_equal(folder->printed, "");
}

static char *
shown(const struct xn_site *site)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	xn_site_print(site, out);
	fclose(out);
	return text;
}

/* ---- the whole ---- */

static const char whole[] =
    "version: 1\n"
    "site: {name: hl1, title: {vi: \"H\xc3\xb2"
    "a \\\"L\xe1\xba\xa1"
    "c\\\" \\\\1\", fr: Un}, timezone: UTC}\n"
    "api:\n"
    "  listen: [\"unix:/run/x.sock\", \"tls://[::]:8443\", \"http://127.0.0.1:8080\"]\n"
    "  private_key: {credential: key}\n"
    "store: {raw: {every: 2 s, keep: 90 min}, hour: {keep: 2 y, keep_peaks: true}}\n"
    "control: {tick: 5 s, interval: 1 min}\n"
    "clusters:\n"
    "  prod: {hosts: {uri: \"t://{host}/{host}\", names: [\"h[08-10]\", \"a[1-2]b[3-4]\"]}}\n"
    "  bare: {}\n"
    "racks:\n"
    "  A07:\n"
    "    room: hall\n"
    "    at: {row: A}\n"
    "    feeds: {A: {breaker: 32 A, phases: 3, max_load: 80.5 %}, B: {breaker: 16.5 A, voltage: "
    "110 V}}\n"
    "    cooling: {zone: c2, inlet_max: 27.5 degC}\n"
    "    units:\n"
    "      U10-U11: {host: h08, outlets: [p1/3, p2/3], power: {idle: 60.5 W, full: 0.25 kW}}\n"
    "      U1: {outlets: [p1/1]}\n"
    "      U2: {outlets: [p3/1]}\n"
    "  A08: {room: hall}\n"
    "defaults: {poll: 15 s, snmp: {version: 2c, community: {credential: c}}}\n"
    "devices:\n"
    "  p1: {profile: x, address: \"snmp://10.0.0.1\", feeds: A07/A}\n"
    "  p2: {profile: x, address: \"snmp://[fe80::1]:1161\", feeds: A07/B, agent: B1,\n"
    "       snmp: {version: 3, user: u, auth: {sha256: {credential: a}}, priv: {aes: {credential: "
    "b}}}}\n"
    "  p3: {profile: x, address: \"modbus://h.example:502?unit=0\", measures: site/pv, poll: 1 "
    "min,\n"
    "       accuracy: 0.5 %, transformer: 0.2 %, calibrated: 2026-03-01, certificate: \"V 12\",\n"
    "       max_power: 22 kW, register: {bits: 32, unit: 100 Wh, reset: never}}\n"
    "  c2: {profile: x, address: \"modbus-rtu:/dev/t?unit=3&baud=9600&parity=odd\",\n"
    "       measures: cooling/c2, enabled: false}\n";

static void
everything_that_is_written_is_there(void **state)
{
	struct folder *folder = *state;
	const struct xn_site *site = &folder->site;

	load(folder, whole);
	assert_string_equal(folder->printed, "");
	assert_string_equal(site->title_vi,
	    "H\xc3\xb2"
	    "a \"L\xe1\xba\xa1"
	    "c\" \\1");
	assert_int_equal(site->listener_count, 3);
	assert_string_equal(site->listeners[1].host, "::");
	assert_int_equal(site->raw_every.ms, 2000);
	assert_int_equal(site->hour_every.ms, 3600000);
	assert_int_equal(site->tick.ms, 5000);
	assert_int_equal(site->host_count, 7);
	assert_string_equal(site->hosts[2].name, "h10");
	assert_string_equal(site->hosts[4].name, "a1b4");
	assert_string_equal(site->hosts[4].uri, "t://a1b4/a1b4");
	assert_int_equal(site->hosts[0].rack, 0);
	assert_int_equal(site->hosts[0].full.mw, 250000);
	assert_int_equal(site->hosts[0].outlets[1].device, 1);
	assert_int_equal(site->hosts[1].rack, XN_NONE);
	assert_int_equal(site->racks[0].feeds[0].rating.mw, 22080000);
	assert_int_equal(site->racks[0].feeds[1].rating.mw, 1815000);
	assert_int_equal(site->racks[0].cooling_device, 3);
	assert_int_equal(site->devices[0].poll.ms, 15000);
	assert_string_equal(site->devices[0].agent, "A07");
	assert_string_equal(site->devices[1].agent, "B1");
	assert_string_equal(site->devices[1].snmp.priv_protocol, "aes");
	assert_int_equal(site->devices[2].rack, 0);
	assert_int_equal(site->devices[2].accuracy.ppm, 5000);
	assert_int_equal(site->devices[2].transformer.ppm, 2000);
	assert_string_equal(site->devices[2].calibrated, "2026-03-01");
	assert_string_equal(site->devices[2].certificate, "V 12");
	assert_int_equal(site->devices[2].max_power.mw, 22000000);
	assert_int_equal(site->devices[2].energy_register.bits, 32);
	assert_int_equal(site->devices[2].energy_register.unit.mj, 100 * XN_WH_MJ);
	assert_true(site->devices[2].energy_register.fixed);
	assert_string_equal(site->devices[3].agent, "site");
	assert_int_equal(site->devices[3].snmp.version, 0);
}

static void
what_is_shown_reads_back_the_same(void **state)
{
	struct folder *folder = *state;
	char *first;
	char *second;

	load(folder, whole);
	first = shown(&folder->site);
	load(folder, first);
	assert_string_equal(folder->printed, "");
	second = shown(&folder->site);
	assert_string_equal(first, second);
	assert_int_equal(folder->site.devices[2].rack, 0);
	free(first);
	free(second);
}

static void
the_least_site_has_a_version_and_a_name(void **state)
{
	struct folder *folder = *state;

	expect_good(folder, "");
	assert_string_equal(folder->site.listeners[0].host, "/run/xanh/api.sock");
	assert_int_equal(folder->site.tick.ms, 60000);
	assert_int_equal(folder->site.interval.ms, 1800000);
	load(folder, "racks: {}\n");
	assert_int_equal(folder->problems.count, 2);
	assert_non_null(
	    strstr(folder->printed, "a.yaml:1:1: error: required key 'version' is missing"));
	assert_non_null(
	    strstr(folder->printed, "a.yaml:1:1: error: required key 'site' is missing"));
}

/* ---- files ---- */

static void
includes_are_found_beside_the_file_and_named_as_it_was(void **state)
{
	struct folder *folder = *state;
	const char *name = "d/x.yaml";

	assert_int_equal(mkdir("d", 0700) | mkdir("d/racks.d", 0700), 0);
	write_file(name, HEAD "include: [racks.d/*.yaml, none.d/*.yaml]\n");
	write_file("d/racks.d/b.yaml", "racks: {B: {room: r, rom: 1}}\n");
	write_file("d/racks.d/a.yaml", "racks: {A: {room: r}}\n");
	write_file("d/racks.d/.hidden.yaml", "no\n");
	assert_int_equal(load_files(folder, &name, 1), XN_OK);
	assert_int_equal(folder->site.rack_count, 2);
	assert_string_equal(folder->site.racks[0].name, "A");
	assert_string_equal(folder->printed,
	    "d/racks.d/b.yaml:1:22: error: unknown key 'rom'\n"
	    "    1 | racks: {B: {room: r, rom: 1}}\n"
	    "      |                      ^~~\n"
	    "      = did you mean 'room'?\n");
}

static void
a_path_that_is_no_glob_must_be_there(void **state)
{
	expect_one(
	    *state, "include: [no.yaml]\n", "a.yaml:3:11: error: no file 'no.yaml' to include");
	expect_one(*state, "include: [/]\n", "a.yaml:3:11: error: '/' is no file");
	expect_one(*state, "include: ['']\n", "a.yaml:3:11: error: no file '' to include");
}

static void
a_circle_of_includes_is_a_mistake_where_it_closes(void **state)
{
	struct folder *folder = *state;
	const char *name = "a.yaml";

	expect_one(folder, "include: [./a.yaml]\n",
	    "a.yaml:3:11: error: './a.yaml' includes itself through this");
	write_file("a.yaml", HEAD "include: [b.yaml]\n");
	write_file("b.yaml", "racks: {}\ninclude:\n  - a.yaml\n");
	assert_int_equal(load_files(folder, &name, 1), XN_OK);
	assert_int_equal(folder->problems.count, 1);
	assert_memory_equal(folder->printed, "b.yaml:3:5: error: 'a.yaml' includes itself", 43);
}

static void
a_file_given_twice_is_one_place(void **state)
{
	struct folder *folder = *state;
	const char *const names[] = {"a.yaml", "b.yaml", "./a.yaml"};

	write_file("a.yaml", HEAD "include: [b.yaml, '*b.yaml']\n");
	write_file("b.yaml", "racks: {A: {room: r}}\n");
	assert_int_equal(load_files(folder, names, 3), XN_OK);
	assert_string_equal(folder->printed, "");
}

static void
a_key_is_set_in_one_place_only(void **state)
{
	struct folder *folder = *state;
	const char *const names[] = {"a.yaml", "b.yaml"};

	write_file("a.yaml", HEAD "racks: {A: {room: r}}\n");
	write_file("b.yaml", "site: {name: y}\n---\nracks: {A: {room: r}}\n");
	assert_int_equal(load_files(folder, names, 2), XN_OK);
	assert_string_equal(folder->printed,
	    "b.yaml:1:1: error: key 'site' is already set in a.yaml:2\n"
	    "    1 | site: {name: y}\n"
	    "      | ^~~~\n"
	    "b.yaml:3:9: error: key 'A' is already set in a.yaml:3\n"
	    "    3 | racks: {A: {room: r}}\n"
	    "      |         ^\n");
}

static void
a_named_file_that_cannot_be_read_is_said_apart(void **state)
{
	struct folder *folder = *state;
	const char *const names[] = {"no.yaml", "a.yaml"};

	write_file("a.yaml", "a: *x\n");
	assert_int_equal(load_files(folder, names, 2), XN_EREAD);
	assert_string_equal(folder->err.text, "cannot read no.yaml: No such file or directory");
	assert_int_equal(folder->problems.count, 1);
}

static void
what_may_stand_in_a_cut_off_document_is_not_missed(void **state)
{
	struct folder *folder = *state;
	const char *const names[] = {"a.yaml", "b.yaml"};

	write_file("a.yaml",
	    HEAD "racks: {A: {room: r, hight: 1U, cooling: {zone: c},\n"
		 "  units: {U1: {host: h, outlets: [p/1]}}}}\n");
	write_file("b.yaml", "racks: {}\na b\ndevices: {p: {}}\n");
	assert_int_equal(load_files(folder, names, 2), XN_OK);
	assert_int_equal(folder->problems.count, 2);
	assert_non_null(strstr(folder->printed, "a.yaml:3:22: error: unknown key 'hight'"));
	assert_non_null(strstr(folder->printed, "b.yaml:3:1: error: this is no YAML"));
}

static void
a_mistake_is_said_once_and_not_again_by_who_refers_to_it(void **state)
{
	struct folder *folder = *state;

	expect_one(folder,
	    "racks: {A: {room: r, cooling: {zone: c}}}\n"
	    "devices: {c: {profile: x, address: \"snmp://h\", measures: coling/c}}\n",
	    "a.yaml:4:58: error: 'coling/c' is not known here");
	expect_one(folder,
	    "racks: {A: {room: r, units: {U1: {host: h1}}}}\n"
	    "clusters: {c: {hosts: {uri: \"{host}\", names: [\"h[3-1]\"]}}}\n",
	    "a.yaml:4:47: error: 'h[3-1]' is no range of hosts");
}

/* ---- section by section ---- */

static void
site_rules(void **state)
{
	struct folder *folder = *state;

	load(folder, "version: 2\nsite: {title: {vie: x}, timezone: Asia/Hanoi}\n");
	assert_non_null(strstr(folder->printed, "a.yaml:1:10: error: '2' is not known here\n"));
	assert_non_null(
	    strstr(folder->printed, "a.yaml:2:1: error: required key 'name' is missing\n"));
	assert_non_null(strstr(folder->printed, "a.yaml:2:16: error: 'vie' is no language\n"));
	assert_non_null(
	    strstr(folder->printed, "a.yaml:2:35: error: 'Asia/Hanoi' is no time zone\n"));
	assert_int_equal(folder->problems.count, 4);
	load(folder, "version: 1\nsite: {name: x, timezone: ../../../etc/passwd}\n");
	assert_int_equal(folder->problems.count, 1);
}

static void
api_rules(void **state)
{
	static const char *const others[] = {"unix:run", "tls://h", "tls://h:0", "tls://h:65536",
	    "tls://:1", "http://10.0.0.1:80", "http://localhost:80", "http://[::]:80", "h:80",
	    "tcp://h:1"};
	struct folder *folder = *state;
	char text[160];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(text, sizeof(text),
		    HEAD "api: {listen: [\"%s\"], private_key: {credential: k}}\n", others[i]);
		load(folder, text);
		assert_int_equal(folder->problems.count, 1);
		assert_memory_equal(folder->printed, "a.yaml:3:16: error: ", 20);
	}
	expect_good(folder, "api: {listen: [\"http://127.0.0.1:80\", \"http://[::1]:80\"]}\n");
	expect_one(folder, "api: {listen: [\"tls://h:1\"]}\n",
	    "a.yaml:3:1: error: required key 'private_key' is missing: there is a tls listener");
	expect_one(folder, "api: {private_key: s3cret}\n",
	    "a.yaml:3:20: error: a secret does not stand in a configuration file");
}

static void
store_and_control_rules(void **state)
{
	struct folder *folder = *state;

	expect_one(folder, "store: {kind: rrdd}\n", "a.yaml:3:15: error: 'rrdd' is not known here");
	expect_one(folder, "store: {raw: {every: 10 s, keep: 10 s}}\n",
	    "a.yaml:3:34: error: 'keep' must be longer than 'every'");
	expect_one(folder, "store: {raw: {every: 8 d}}\n",
	    "a.yaml:3:9: error: 'keep' must be longer than 'every'");
	expect_one(
	    folder, "store: {hour: {keep_peaks: yes}}\n", "a.yaml:3:28: error: 'yes' is no switch");
	expect_one(folder, "control: {tick: 10 ms}\n",
	    "a.yaml:3:17: error: '10 ms' is out of range: 1 s to 3600 s");
}

static void
cluster_rules(void **state)
{
	struct folder *folder = *state;

	expect_one(folder, "clusters: {p: {hosts: {uri: \"t://x\", names: [a]}}}\n",
	    "a.yaml:3:29: error: 't://x' does not say where the name of a host goes");
	expect_one(folder,
	    "clusters: {p: {hosts: {uri: \"{host}\", names: [a, b]}},\n"
	    "  q: {hosts: {uri: \"{host}\", names: [c, \"[a-b]\"]}}}\n",
	    "a.yaml:4:41: error: '[a-b]' is no range of hosts");
	expect_one(folder,
	    "clusters: {p: {hosts: {uri: \"{host}\", names: [a, b]}},\n"
	    "  q: {hosts: {uri: \"{host}\", names: [c, b]}}}\n",
	    "a.yaml:4:41: error: host 'b' is already in cluster 'p'");
	expect_one(folder, "clusters: {p: {hosts: {uri: \"{host}\", names: [\"h[0-8192]\"]}}}\n",
	    "a.yaml:3:47: error: more than 8192 hosts");
	expect_good(folder, "clusters: {p: {hosts: {uri: \"{host}\", names: [\"h[0-8191]\"]}}}\n");
	assert_int_equal(folder->site.host_count, XN_HOSTS_MAX);
}

static void
rack_rules(void **state)
{
	static const struct {
		const char *text;
		const char *mistake;
	} rows[] = {
	    {"{}", "a.yaml:3:9: error: required key 'room' is missing"},
	    {"{room: r, height: 61U}", "a.yaml:3:30: error: '61U' is no height of a rack"},
	    {"{room: r, height: 42}", "a.yaml:3:30: error: '42' is no height of a rack"},
	    {"{room: r, feeds: {C: {breaker: 1 A}}}", "a.yaml:3:30: error: unknown key 'C'"},
	    {"{room: r, feeds: {A: {}}}", "a.yaml:3:30: error: required key 'breaker' is missing"},
	    {"{room: r, feeds: {A: {breaker: 0 A}}}",
		"a.yaml:3:43: error: '0 A': a breaker is above 0 A and at most 10000 A"},
	    {"{room: r, feeds: {A: {breaker: 1 A, phases: 2}}}",
		"a.yaml:3:56: error: '2' is not known here"},
	    {"{room: r, feeds: {A: {breaker: 1 A, max_load: 0 %}}}",
		"a.yaml:3:58: error: a share above 0 % is expected"},
	    {"{room: r, cooling: {zone: c}}", "a.yaml:3:38: error: there is no device 'c'"},
	    {"{room: r, cooling: {zone: p}}",
		"a.yaml:3:38: error: device 'p' does not measure cooling"},
	    {"{room: r, cooling: {inlet_max: 51 degC}}",
		"a.yaml:3:43: error: '51 degC' is out of range: 10 degC to 50 degC"},
	    {"{room: r, units: {U0: {}}}", "a.yaml:3:30: error: 'U0' are no units"},
	    {"{room: r, units: {U5-U4: {}}}", "a.yaml:3:30: error: 'U5-U4' are no units"},
	    {"{room: r, height: 10U, units: {U10-U11: {}}}",
		"a.yaml:3:43: error: 'U10-U11' is above the rack's 10U"},
	    {"{room: r, units: {U1-U3: {}, U3: {}}}",
		"a.yaml:3:41: error: 'U3' overlaps 'U1-U3' in line 3"},
	    {"{room: r, units: {U1: {host: z}}}", "a.yaml:3:41: error: host 'z' is in no cluster"},
	    {"{room: r, units: {U1: {host: h}, U2: {host: h}}}",
		"a.yaml:3:56: error: host 'h' already stands in rack 'A'"},
	    {"{room: r, units: {U1: {outlets: [q/1]}}}",
		"a.yaml:3:45: error: there is no device 'q'"},
	    {"{room: r, units: {U1: {outlets: [p/0]}}}", "a.yaml:3:45: error: 'p/0' is no outlet"},
	    {"{room: r, units: {U1: {outlets: [p]}}}", "a.yaml:3:45: error: 'p' is no outlet"},
	    {"{room: r, units: {U1: {outlets: [p/1]}, U2: {outlets: [p/1]}}}",
		"a.yaml:3:67: error: outlet 'p/1' is already used"},
	    {"{room: r, units: {U1: {power: {idle: 5 W}}}}",
		"a.yaml:3:35: error: required key 'full' is missing"},
	    {"{room: r, units: {U1: {power: {idle: 5 W, full: 4 W}}}}",
		"a.yaml:3:60: error: 'full' is below 'idle'"},
	};
	char text[400];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text),
		    "racks: {A: %s}\n"
		    "clusters: {p: {hosts: {uri: \"{host}\", names: [h]}}}\n"
		    "devices: {p: {profile: x, address: \"snmp://h\"}}\n",
		    rows[i].text);
		expect_one(*state, text, rows[i].mistake);
	}
}

static void
device_rules(void **state)
{
	static const struct {
		const char *text;
		const char *mistake;
	} rows[] = {
	    {"address: \"snmp://h\"", "a.yaml:3:11: error: required key 'profile' is missing"},
	    {"profile: x", "a.yaml:3:11: error: required key 'address' is missing"},
	    {"profile: x y, address: \"snmp://h\"", "a.yaml:3:24: error: 'x y' is no name"},
	    {"profile: x, address: \"snmp://h\", feeds: B/A",
		"a.yaml:3:55: error: there is no rack 'B'"},
	    {"profile: x, address: \"snmp://h\", feeds: A/B",
		"a.yaml:3:55: error: rack 'A' has no feed 'B'"},
	    {"profile: x, address: \"snmp://h\", feeds: A",
		"a.yaml:3:55: error: 'A' is no feed of a rack"},
	    {"profile: x, address: \"snmp://h\", measures: site/gird",
		"a.yaml:3:58: error: 'site/gird' is not known here"},
	    {"profile: x, address: \"snmp://h\", measures: cooling/",
		"a.yaml:3:58: error: '' is no name"},
	    {"profile: x, address: \"snmp://h\", feeds: A/A, measures: site/grid",
		"a.yaml:3:60: error: a device that feeds a rack measures nothing else"},
	    {"profile: x, address: \"snmp://h\", poll: 900 ms",
		"a.yaml:3:54: error: '900 ms' is out of range: 1 s to 1 h"},
	    {"profile: x, address: \"snmp://h\", accuracy: 0.5",
		"a.yaml:3:58: error: '0.5' has no unit: a share is expected"},
	    {"profile: x, address: \"snmp://h\", calibrated: 2026-02-29",
		"a.yaml:3:60: error: '2026-02-29' is no date"},
	    {"profile: x, address: \"snmp://h\", register: {bits: 32}",
		"a.yaml:3:48: error: required key 'unit' is missing"},
	    {"profile: x, address: \"snmp://h\", register: {bits: 65, unit: 1 Wh}",
		"a.yaml:3:65: error: '65' is out of range: a register has 8 to 64 bits"},
	    {"profile: x, address: \"snmp://h\", register: {bits: 32, unit: 0 Wh}",
		"a.yaml:3:75: error: '0 Wh': a step is above zero"},
	    {"profile: x, address: \"snmp://h\", register: {bits: 32, unit: 1 Wh, reset: often}",
		"a.yaml:3:88: error: 'often' is not known here"},
	    {"profile: x, address: \"snmp://h\", enabled: on",
		"a.yaml:3:57: error: 'on' is no switch"},
	    {"profile: x, address: \"snmp://h\", snmp: {version: 2c}",
		"a.yaml:3:48: error: required key 'community' is missing (SNMP version 2c)"},
	    {"profile: x, address: \"snmp://h\", snmp: {version: 2c, community: public}",
		"a.yaml:3:79: error: a secret does not stand in a configuration file"},
	    {"profile: x, address: \"snmp://h\", snmp: {version: 3}",
		"a.yaml:3:48: error: required key 'user' is missing (SNMP version 3)"},
	    {"profile: x, address: \"snmp://h\", snmp: {version: 3, user: u, auth: {sha1: "
	     "{credential: c}}}",
		"a.yaml:3:83: error: unknown key 'sha1'"},
	    {"profile: x, address: \"snmp://h\", snmp: {version: 3, user: u, priv: {aes: "
	     "{credential: c}}}",
		"a.yaml:3:76: error: 'priv' needs 'auth': there is no privacy without "
		"authentication"},
	};
	char text[400];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text),
		    "devices: {d: {%s}}\nracks: {A: {room: r, feeds: {A: {breaker: 1 A}}}}\n",
		    rows[i].text);
		expect_one(*state, text, rows[i].mistake);
	}
}

static void
addresses_are_of_a_protocol_that_a_driver_speaks(void **state)
{
	static const char *const good[] = {"snmp://10.1.2.3", "snmp://[::1]:161",
	    "snmp://a.b-c:65535", "modbus://h?unit=255", "modbus://h:502?unit=0",
	    "modbus-rtu:/dev/tty?baud=9600&parity=none&unit=1"};
	static const char *const bad[] = {"10.1.2.3", "http://h", "snmp://", "snmp://10.1.2.300",
	    "snmp://h:0", "snmp://h:65536", "snmp://h:", "snmp://h?community=public", "snmp://[::1",
	    "modbus://h", "modbus://h?unit=256", "modbus://h?unit=", "modbus://h?unit=1&unit=2",
	    "modbus://h?unit=1&baud=9600", "modbus://h?unit=1&", "modbus://?unit=1",
	    "modbus-rtu:?unit=1", "modbus-rtu:/dev/t?unit=1",
	    "modbus-rtu:/dev/t?unit=1&baud=0&parity=odd",
	    "modbus-rtu:/dev/t?unit=1&baud=9600&parity=mark", "modbus-rtu:/dev/t?unit=1&baud=9600"};
	struct folder *folder = *state;
	char text[160];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(
		    text, sizeof(text), "devices: {d: {profile: x, address: \"%s\"}}\n", good[i]);
		expect_good(folder, text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), HEAD "devices: {d: {profile: x, address: \"%s\"}}\n",
		    bad[i]);
		load(folder, text);
		assert_int_equal(folder->problems.count, 1);
		assert_memory_equal(folder->printed, "a.yaml:3:36: error: ", 20);
	}
}

static void
the_shipped_example_is_right(void **state)
{
	struct folder *folder = *state;
	const char *name = folder->example;

	assert_int_equal(access(name, R_OK), 0);
	assert_int_equal(load_files(folder, &name, 1), XN_OK);
	assert_string_equal(folder->printed, "");
	assert_int_equal(folder->site.rack_count, 2);
	assert_int_equal(folder->site.host_count, 4);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(everything_that_is_written_is_there),
	    STORY(what_is_shown_reads_back_the_same),
	    STORY(the_least_site_has_a_version_and_a_name),
	    STORY(includes_are_found_beside_the_file_and_named_as_it_was),
	    STORY(a_path_that_is_no_glob_must_be_there),
	    STORY(a_circle_of_includes_is_a_mistake_where_it_closes),
	    STORY(a_file_given_twice_is_one_place),
	    STORY(a_key_is_set_in_one_place_only),
	    STORY(a_named_file_that_cannot_be_read_is_said_apart),
	    STORY(what_may_stand_in_a_cut_off_document_is_not_missed),
	    STORY(a_mistake_is_said_once_and_not_again_by_who_refers_to_it),
	    STORY(site_rules),
	    STORY(api_rules),
	    STORY(store_and_control_rules),
	    STORY(cluster_rules),
	    STORY(rack_rules),
	    STORY(device_rules),
	    STORY(addresses_are_of_a_protocol_that_a_driver_speaks),
	    STORY(the_shipped_example_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
