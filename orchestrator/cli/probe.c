#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drivers/profiles.h"
#include "drivers/reading.h"
#include "orchestrator/cli/commands.h"

/* DESIGN.md section 8.1: probe ends within 10 s, whatever the peer, the resolver or a library does.
 */
#define POLL_MS    8500
#define GIVE_UP_S  9
#define COLUMN_MAX 40

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

/* Why it is absent or suspect, with the number in question. */
static void
write_why(const struct xn_reading *reading, char *ret_text, size_t size)
{
	size_t length = reading->why != NULL ? strlen(reading->why) : 0;

	if (length > 0 && reading->why[length - 1] == ' ')
		snprintf(ret_text, size, "%s%.10g", reading->why, reading->value);
	else
		snprintf(ret_text, size, "%s", length > 0 ? reading->why : "");
}

static json_t *
value_json(const struct xn_point *point, const struct xn_reading *reading)
{
	if (reading->sample.quality == XN_QUALITY_ABSENT)
		return json_null();
	if (point->rule->class_ == XN_CLASS_STATE)
		return json_integer((json_int_t)reading->value);
	return json_real(reading->value);
}

static json_t *
reading_json(const struct xn_point *point, const struct xn_reading *reading)
{
	enum xn_point_class class_ = point->rule->class_;
	const struct xn_word *word = NULL;
	json_t *row = json_object();
	char why[96];

	if (class_ == XN_CLASS_STATE && reading->sample.quality != XN_QUALITY_ABSENT)
		word = xn_reading_word(reading, point->rule);
	json_object_set_new(row, "name", json_string(point->name));
	json_object_set_new(row, "class", json_string(xn_class_word(class_)));
	json_object_set_new(row, "value", value_json(point, reading));
	json_object_set_new(row, "unit", json_string(xn_class_unit(class_)));
	json_object_set_new(row, "quality", json_string(xn_quality_word(reading->sample.quality)));
	json_object_set_new(row, "source", json_string(point->source));
	if (word != NULL) {
		json_object_set_new(row, "text", json_string(word->text));
		json_object_set_new(row, "severity", json_string(xn_severity_word(word->severity)));
	}
	write_why(reading, why, sizeof(why));
	if (why[0] != '\0')
		json_object_set_new(row, "why", json_string(why));
	return row;
}

static void
print_json(const struct xn_device_view *view)
{
	json_t *root = json_object();
	json_t *points = json_array();

	json_object_set_new(root, "profile", json_string(view->profile));
	json_object_set_new(root, "match", json_string(view->match));
	json_object_set_new(root, "vendor", json_string(view->vendor));
	json_object_set_new(root, "model", json_string(view->model));
	for (unsigned i = 0; i < view->count; i++) {
		if (!view->points[i].computed)
			json_array_append_new(
			    points, reading_json(&view->points[i], &view->readings[i]));
	}
	json_object_set_new(root, "points", points);
	json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(root);
}

static void
print_reading(const struct xn_point *point, const struct xn_reading *reading)
{
	enum xn_point_class class_ = point->rule->class_;
	const struct xn_word *word = NULL;
	char why[96];

	write_why(reading, why, sizeof(why));
	if (reading->sample.quality == XN_QUALITY_ABSENT) {
		printf("%-*s %14s %-5s absent (%s)\n", COLUMN_MAX, point->name, "-", "", why);
		return;
	}
	if (class_ == XN_CLASS_STATE)
		word = xn_reading_word(reading, point->rule);
	printf("%-*s %14.10g %-5s %s%s%s%s%s\n", COLUMN_MAX, point->name, reading->value,
	    xn_class_unit(class_), xn_quality_word(reading->sample.quality),
	    word != NULL ? " " : "", word != NULL ? word->text : "", why[0] != '\0' ? ": " : "",
	    why);
}

static void
print_table(const struct xn_device_view *view)
{
	printf("%s %s (profile %s, by %s)\n", view->vendor, view->model,
	    view->profile[0] != '\0' ? view->profile : "none", view->match);
	for (unsigned i = 0; i < view->count; i++) {
		if (!view->points[i].computed)
			print_reading(&view->points[i], &view->readings[i]);
	}
}

static int
print_view(const struct xn_device_view *view, bool json)
{
	if (json)
		print_json(view);
	else
		print_table(view);
	if (view->profile[0] == '\0')
		fputs("xanh: probe: no profile fits this device, and it answers no standard MIB or "
		      "model\n",
		    stderr);
	else if (strcmp(view->match, "standard") == 0)
		fputs("xanh: probe: no profile of its own; read by the standard MIB\n", stderr);
	return fflush(stdout) == 0 ? XN_EXIT_OK : XN_EXIT_INTERNAL;
}

static int
probe(struct xn_cli *cli)
{
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
	code = code < 0 ? give_up(&err, XN_EXIT_UNREACHABLE) : print_view(&view, json);
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
	"xanh probe 'modbus-rtu:/dev/ttyUSB0?baud=19200&parity=even&unit=3' -o json\n",
    .options =
	{
	    {.name = "profile",
		.value = "NAME",
		.help = "this profile, without recognising the device"},
	    {.name = "output", .letter = 'o', .value = "FORMAT", .help = "table or json"},
	},
    .run = probe,
};
