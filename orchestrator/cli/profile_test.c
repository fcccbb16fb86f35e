#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/profiles.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/profile.h"
#include "orchestrator/cli/readings.h"
#include "orchestrator/cli/table.h"

#define POLL_MS 8500

/* The point of that name in a document of section 8.1; NULL. */
static const json_t *
find_point(const json_t *document, const char *name)
{
	size_t i;
	json_t *point;

	json_array_foreach(json_object_get(document, "points"), i, point)
	{
		if (strcmp(xn_field_text(point, "name"), name) == 0)
			return point;
	}
	return NULL;
}

static bool
is_same_value(const json_t *a, const json_t *b)
{
	double left = json_number_value(a);
	double right = json_number_value(b);

	if (!json_is_number(a) || !json_is_number(b))
		return json_is_number(a) == json_is_number(b);
	return fabs(left - right) <= 1e-9 * fmax(fabs(left), fabs(right));
}

static unsigned
say(const char *name, const char *what)
{
	fputs("xanh: profile test: ", stderr);
	xn_cli_print_escaped(stderr, name);
	fprintf(stderr, ": %s\n", what);
	return 1;
}

/* "value 3, was 5": of a field that is another now. */
static unsigned
compare_field(const json_t *wanted, const json_t *got, const char *field)
{
	char *before = json_dumps(json_object_get(wanted, field), JSON_ENCODE_ANY);
	char *now = json_dumps(json_object_get(got, field), JSON_ENCODE_ANY);
	char what[160];

	snprintf(what, sizeof(what), "%s %.60s, was %.60s", field, now != NULL ? now : "missing",
	    before != NULL ? before : "missing");
	free(before);
	free(now);
	return say(xn_field_text(wanted, "name"), what);
}

static unsigned
compare_point(const json_t *wanted, const json_t *got)
{
	static const char *const texts[] = {"class", "source", "quality"};
	unsigned differences = 0;

	if (got == NULL)
		return say(xn_field_text(wanted, "name"), "is not there any more");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(xn_field_text(wanted, texts[i]), xn_field_text(got, texts[i])) != 0)
			differences += compare_field(wanted, got, texts[i]);
	}
	if (!is_same_value(json_object_get(wanted, "value"), json_object_get(got, "value")))
		differences += compare_field(wanted, got, "value");
	return differences;
}

/* The number of differences, each said. */
static unsigned
compare(const json_t *wanted, const json_t *got)
{
	unsigned differences = 0;
	size_t i;
	json_t *point;

	if (strcmp(xn_field_text(wanted, "profile"), xn_field_text(got, "profile")) != 0)
		differences += say(xn_field_text(got, "profile"), "is another profile than before");
	json_array_foreach(json_object_get(wanted, "points"), i, point)
	{
		const json_t *now = find_point(got, xn_field_text(point, "name"));

		differences += compare_point(point, now);
	}
	json_array_foreach(json_object_get(got, "points"), i, point)
	{
		if (find_point(wanted, xn_field_text(point, "name")) == NULL)
			differences += say(xn_field_text(point, "name"), "was not there before");
	}
	return differences;
}

static int
judge(const struct xn_device_view *view, const char *expected)
{
	unsigned qualities[XN_QUALITY_COUNT] = {0};
	unsigned differences;
	json_error_t error;
	json_t *wanted;
	json_t *got;

	if (expected == NULL) {
		xn_readings_print(view);
		for (unsigned i = 0; i < view->count; i++)
			qualities[view->readings[i].sample.quality]++;
		printf("%u good, %u suspect, %u absent\n", qualities[XN_QUALITY_GOOD],
		    qualities[XN_QUALITY_SUSPECT], qualities[XN_QUALITY_ABSENT]);
		return view->profile[0] != '\0' ? XN_EXIT_OK : XN_EXIT_INPUT;
	}
	wanted = json_load_file(expected, 0, &error);
	if (wanted == NULL) {
		fprintf(stderr, "xanh: profile test: %s:%d:%d: %s\n", expected, error.line,
		    error.column, error.text);
		return error.line < 0 ? XN_EXIT_NOINPUT : XN_EXIT_INPUT;
	}
	got = xn_readings_json(view);
	differences = compare(wanted, got);
	json_decref(got);
	json_decref(wanted);
	return differences == 0 ? XN_EXIT_OK : XN_EXIT_INPUT;
}

static int
profile_test(struct xn_cli *cli)
{
	struct xn_profiles *profiles;
	struct xn_device *device;
	struct xn_device_view view;
	struct xn_error err = {0};
	char url[1024];
	int code;

	if (cli->argument_count != 1) {
		fputs(
		    "xanh: profile test needs one recording; 'xanh probe URL --record FILE' makes "
		    "one\n",
		    stderr);
		return XN_EXIT_USAGE;
	}
	if (xn_profiles_load(&profiles, xn_profile_dir(), &err) < 0)
		return xn_profile_give_up(&err);
	snprintf(url, sizeof(url), "replay:%s", cli->arguments[0]);
	code = xn_device_open(&device, NULL, url, profiles, xn_cli_option(cli, "profile"), &err);
	if (code == XN_OK) {
		code = xn_device_poll(device, POLL_MS, &view, &err);
		code = code < 0 ? xn_profile_give_up(&err)
				: judge(&view, xn_cli_option(cli, "expect"));
		xn_device_close(device);
	} else {
		code = xn_profile_give_up(&err);
	}
	xn_profiles_free(profiles);
	return code;
}

const struct xn_cli_command xn_cli_profile_test = {
    .noun = "profile",
    .verb = "test",
    .arguments = "RECORDING",
    .summary = "read a recorded device, and compare with what it read before",
    .examples = "xanh profile test pdu.snmprec\n"
		"xanh profile test pdu.snmprec --profile apc-rpdu2\n"
		"xanh probe replay:pdu.snmprec -o json > pdu.json\n"
		"xanh profile test pdu.snmprec --expect pdu.json\n",
    .options =
	{
	    {.name = "profile",
		.value = "NAME",
		.help = "this profile, without recognising the device"},
	    {.name = "expect",
		.value = "FILE",
		.help = "an earlier `xanh probe -o json`; every difference is said, exit 65"},
	},
    .run = profile_test,
};
