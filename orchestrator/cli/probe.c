#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drivers/profiles.h"
#include "drivers/modbus_record.h"
#include "drivers/snmp_record.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/readings.h"

/* DESIGN.md section 8.1: probe ends within 10 s, whatever the peer, the resolver or a library does.
 */
#define POLL_MS   8500
#define GIVE_UP_S 9

/* What the alarm says; a signal handler has nowhere else to find it. */
static char farewell[512];

static void
on_alarm(int number)
{
	(void)number;
	if (write(STDERR_FILENO, farewell, strlen(farewell)) < 0)
		_exit(XN_EXIT_INTERNAL);
	_exit(XN_EXIT_UNREACHABLE);
}

/* Writes the farewell and sets the alarm; only the place of the URL is shown, the rest is secret.
 */
static void
set_alarm(const char *text)
{
	struct sigaction action = {.sa_handler = on_alarm};
	char place[XN_URL_HOST_SIZE + 16] = "device";
	FILE *out = fmemopen(farewell, sizeof(farewell) - 1, "w");
	struct xn_url url;

	if (xn_url_parse(text, &url, NULL) == XN_OK)
		xn_url_place(&url, place, sizeof(place));
	explicit_bzero(&url, sizeof(url));
	if (out != NULL) {
		fputs("xanh: probe: ", out);
		xn_cli_print_escaped(out, place);
		fputs(": no end within 9 s\n", out);
		fclose(out);
	}
	sigaction(SIGALRM, &action, NULL);
	alarm(GIVE_UP_S);
}

static int
give_up(const struct xn_error *err, int code)
{
	fputs("xanh: probe: ", stderr);
	xn_cli_print_escaped(stderr, err->text);
	fputc('\n', stderr);
	return code;
}

static void
print_json(const struct xn_device_view *view)
{
	json_t *root = xn_readings_json(view);

	json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(root);
}

static int
print_view(const struct xn_device_view *view, bool json)
{
	if (json)
		print_json(view);
	else
		xn_readings_print(view);
	if (view->profile[0] == '\0')
		fputs("xanh: probe: no profile fits this device, and it answers no standard MIB or "
		      "model\n",
		    stderr);
	else if (strcmp(view->match, "standard") == 0)
		fputs("xanh: probe: no profile of its own; read by the standard MIB\n", stderr);
	return fflush(stdout) == 0 ? XN_EXIT_OK : XN_EXIT_INTERNAL;
}

/* ---- --add: the device as the site's configuration writes it ---- */

/* The URL without what is secret: the part before the query, and of Modbus all of it. */
static void
print_address(const char *url)
{
	bool snmp = strncmp(url, "snmp:", 5) == 0;
	size_t size = snmp ? strcspn(url, "?") : strlen(url);

	while (snmp && size > 0 && url[size - 1] == '/')
		size--;
	printf("%.*s", (int)size, url);
}

static void
print_snmp_settings(const char *name, const struct xn_url *url)
{
	static const char *const auths[] = {[XN_AUTH_MD5] = "md5",
	    [XN_AUTH_SHA] = "sha",
	    [XN_AUTH_SHA224] = "sha224",
	    [XN_AUTH_SHA256] = "sha256",
	    [XN_AUTH_SHA384] = "sha384",
	    [XN_AUTH_SHA512] = "sha512"};

	if (url->scheme != XN_URL_SNMP)
		return;
	if (url->version != 3) {
		printf("    snmp: {version: %s, community: {credential: %s-community}}\n",
		    url->version == 1 ? "1" : "2c", name);
		return;
	}
	printf("    snmp: {version: 3, user: %s", url->user);
	if (url->auth != XN_AUTH_NONE)
		printf(", auth: {%s: {credential: %s-auth}}", auths[url->auth], name);
	if (url->priv != XN_PRIV_NONE)
		printf(", priv: {aes: {credential: %s-priv}}", name);
	fputs("}\n", stdout);
}

static int
print_stanza(const struct xn_device_view *view, const char *name, const char *address)
{
	struct xn_url url;

	if (view->profile[0] == '\0') {
		fputs("xanh: probe: no profile fits this device, so there is nothing to add; 'xanh "
		      "profile new' begins one\n",
		    stderr);
		return XN_EXIT_INPUT;
	}
	if (xn_url_parse(address, &url, NULL) < 0)
		return XN_EXIT_INTERNAL;
	printf("---\n# %s %s, recognised by %s. Add `feeds: RACK/A` or `measures: site/grid`.\n",
	    view->vendor, view->model, view->match);
	printf("devices:\n  %s:\n    profile: %s\n    address: \"", name, view->profile);
	print_address(address);
	fputs("\"\n", stdout);
	print_snmp_settings(name, &url);
	explicit_bzero(&url, sizeof(url));
	return fflush(stdout) == 0 ? XN_EXIT_OK : XN_EXIT_INTERNAL;
}

/* ---- --record ---- */

static void
show_progress(unsigned objects)
{
	fprintf(stderr, "\rxanh: probe: %u objects", objects);
}

/* A walk, or a dump of registers. */
static int
write_recording(const char *url, FILE *out, unsigned *ret_objects, struct xn_error *err)
{
	void (*progress)(unsigned objects) = isatty(STDERR_FILENO) == 1 ? show_progress : NULL;
	struct xn_profiles *profiles;
	int code;

	if (strncmp(url, "modbus", strlen("modbus")) != 0)
		return xn_snmp_record(url, out, progress, ret_objects, err);
	code = xn_profiles_load(&profiles, xn_profile_dir(), err);
	if (code < 0)
		return code;
	code = xn_modbus_record(url, profiles, out, progress, ret_objects, err);
	xn_profiles_free(profiles);
	return code;
}

static int
record(const char *url, const char *path)
{
	FILE *out = fopen(path, "wxe");
	struct xn_error err = {0};
	unsigned objects = 0;
	int code;

	if (out == NULL) {
		xn_fail(&err, XN_EREAD, "%s: %s", path, strerror(errno));
		return give_up(&err, XN_EXIT_NOINPUT);
	}
	code = write_recording(url, out, &objects, &err);
	if (fclose(out) != 0 && code == XN_OK)
		code = xn_fail(&err, XN_ESYSTEM, "%s: %s", path, strerror(errno));
	if (isatty(STDERR_FILENO) == 1)
		fputc('\r', stderr);
	if (code < 0) {
		if (objects == 0)
			unlink(path);
		return give_up(&err, xn_exit_of(code));
	}
	fprintf(stderr,
	    "xanh: probe: %u objects recorded; look through %s before you give it away\n", objects,
	    path);
	return XN_EXIT_OK;
}

static int
probe(struct xn_cli *cli)
{
	const char *recording = xn_cli_option(cli, "record");
	const char *name = xn_cli_option(cli, "add");
	const char *output = xn_cli_option(cli, "output");
	bool json = output != NULL ? strcmp(output, "json") == 0 : isatty(STDOUT_FILENO) != 1;
	struct xn_profiles *profiles;
	struct xn_device *device;
	struct xn_device_view view;
	struct xn_error err = {0};
	int code;

	if (cli->argument_count != 1 || (output != NULL && !json && strcmp(output, "table") != 0)) {
		fputs("xanh: probe needs one URL, and -o table or json\n", stderr);
		return XN_EXIT_USAGE;
	}
	if (recording != NULL)
		return record(cli->arguments[0], recording);
	set_alarm(cli->arguments[0]);
	code = xn_profiles_load(&profiles, xn_profile_dir(), &err);
	if (code < 0)
		return give_up(&err, xn_exit_of(err.code));
	if (profiles->broken > 0) {
		fputs("xanh: probe: passed over a profile: ", stderr);
		xn_cli_print_escaped(stderr, profiles->mistake.text);
		fputc('\n', stderr);
	}
	code = xn_device_open(
	    &device, NULL, cli->arguments[0], profiles, xn_cli_option(cli, "profile"), &err);
	if (code < 0) {
		xn_profiles_free(profiles);
		return give_up(&err, xn_exit_of(err.code));
	}
	code = xn_device_poll(device, POLL_MS, &view, &err);
	alarm(0);
	if (code < 0)
		code = give_up(&err, XN_EXIT_UNREACHABLE);
	else if (name != NULL)
		code = print_stanza(&view, name, cli->arguments[0]);
	else
		code = print_view(&view, json);
	xn_device_close(device);
	xn_profiles_free(profiles);
	return code;
}

const struct xn_cli_command xn_cli_probe = {
    .noun = "probe",
    .arguments = "URL",
    .summary = "read one device once, with no daemon",
    .examples =
	"xanh probe 'snmp://10.20.7.11?community=@/etc/xanh/pdu.community'\n"
	"xanh probe "
	"'snmp://10.20.7.11?version=3&user=xanh&auth=SHA&authpass=@a&priv=AES&privpass=@p'\n"
	"xanh probe 'modbus://10.20.1.5:502?unit=1' --profile schneider-pm5000\n"
	"xanh probe 'snmp://10.20.7.11?community=@c' --add pdu-a07-a >> devices.d/a07.yaml\n"
	"xanh probe 'snmp://10.20.7.11?community=@c' --record pdu.snmprec\n"
	"xanh probe 'modbus://10.20.1.5?unit=1' --record meter.csv\n"
	"xanh probe replay:pdu.snmprec\n"
	"xanh probe 'modbus-rtu:/dev/ttyUSB0?baud=19200&parity=even&unit=3' -o json\n",
    .options =
	{
	    {.name = "profile",
		.value = "NAME",
		.help = "this profile, without recognising the device"},
	    {.name = "add",
		.value = "NAME",
		.help = "write the device as the site's configuration has it, secrets left out"},
	    {.name = "record",
		.value = "FILE",
		.help =
		    "write all that a device says, for tests: no contacts, places, communities"},
	    {.name = "output", .letter = 'o', .value = "FORMAT", .help = "table or json"},
	},
    .run = probe,
};
