#include <stdio.h>
#include <string.h>

#include "drivers/profiles.h"
#include "drivers/reading.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/profile.h"
#include "orchestrator/cli/table.h"

int
xn_profile_give_up(const struct xn_error *err)
{
	fputs("xanh: profile: ", stderr);
	xn_cli_print_escaped(stderr, err->text);
	fputc('\n', stderr);
	return xn_exit_of(err->code);
}

static int
profile_list(struct xn_cli *cli)
{
	static const struct xn_column columns[] = {{"PROFILE", "name", XN_CELL_TEXT},
	    {"VENDOR", "vendor", XN_CELL_TEXT}, {"DEVICES", "title", XN_CELL_TEXT},
	    {"SPEAKS", "transport", XN_CELL_TEXT}, {"RECOGNISED", "recognised", XN_CELL_TEXT}};
	struct xn_profiles *profiles;
	struct xn_error err = {0};
	json_t *rows = json_array();
	int code = xn_profiles_load(&profiles, xn_profile_dir(), &err);

	if (code < 0) {
		json_decref(rows);
		return xn_profile_give_up(&err);
	}
	for (unsigned i = 0; i < profiles->count; i++) {
		const struct xn_profile *profile = profiles->heads[i];
		const char *recognised =
		    profile->match_count > 0 || profile->sunspec ? "by itself" : "only by name";

		if (profile->standard)
			recognised = "standard MIB";
		json_array_append_new(rows,
		    json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", profile->name, "vendor",
			profile->vendor, "title", profile->title, "transport",
			profile->modbus ? "modbus" : "snmp", "recognised", recognised));
	}
	if (profiles->broken > 0)
		code = xn_profile_give_up(&profiles->mistake);
	if (xn_table_print(cli, rows, columns, sizeof(columns) / sizeof(columns[0]),
		"no profile in the folder") != XN_EXIT_OK)
		code = XN_EXIT_USAGE;
	json_decref(rows);
	xn_profiles_free(profiles);
	return code;
}

/* ---- one profile ---- */

static void
print_oid(const char *before, const struct xn_oid *oid)
{
	char text[XN_OID_MAX * 11];

	if (oid->count == 0)
		return;
	xn_oid_print(oid, text, sizeof(text));
	printf("%s%s", before, text);
}

static void
print_marker(const char *before, const struct xn_modbus_marker *marker)
{
	printf("%s%s:%u", before, xn_modbus_space_word(marker->at.space), marker->at.address);
	if (marker->text != NULL)
		printf(" that reads \"%s\"", marker->text);
	for (unsigned i = 0; i < marker->is_count; i++) {
		const struct xn_range *range = &marker->is[i];

		printf("%s%lld", i == 0 ? " that is " : " or ", (long long)range->least);
		if (range->most > range->least)
			printf(" to %lld", (long long)range->most);
	}
}

static void
print_way(const struct xn_match *match)
{
	fputs(" ", stdout);
	print_oid(" sysObjectID ", &match->object_id);
	if (match->descr != NULL)
		printf(" sysDescr \"%s\"", match->descr);
	print_oid(" an object at ", &match->probe);
	for (unsigned i = 0; i < match->marker_count; i++)
		print_marker(i == 0 ? " " : ", ", &match->markers[i]);
	if (match->text != NULL)
		printf(" that reads \"%s\"", match->text);
	fputs("\n", stdout);
}

static void
print_source(const struct xn_point_spec *spec)
{
	switch (spec->from) {
	case XN_FROM_OBJECT: print_oid("", &spec->oid); break;
	case XN_FROM_COLUMN:
		print_oid("", &spec->oid);
		printf(".%s", spec->index != NULL ? spec->index : "*");
		break;
	case XN_FROM_REGISTER:
		printf("%s:%u", xn_modbus_space_word(spec->registers->at.space),
		    spec->registers->at.address);
		break;
	case XN_FROM_SUM: printf("a sum of %u points", spec->part_count); break;
	}
}

static void
print_unit(const struct xn_rule *rule)
{
	static const char *const degrees[] = {
	    [XN_CELSIUS] = "degC", [XN_FAHRENHEIT] = "degF", [XN_KELVIN] = "K"};
	const struct xn_scale *scale = &rule->scale;
	const char *unit = rule->class_ == XN_CLASS_TEMPERATURE ? degrees[scale->degrees]
								: xn_class_unit(rule->class_);
	char text[32];

	if (scale->num == 1 && scale->den == 1)
		snprintf(text, sizeof(text), "%s", unit);
	else
		snprintf(
		    text, sizeof(text), "%.6g %s", (double)scale->num / (double)scale->den, unit);
	printf("%-10s ", text);
}

static void
print_point(const struct xn_point_spec *spec)
{
	printf("  %-36s %-14s ", spec->name, xn_class_word(spec->rule.class_));
	print_unit(&spec->rule);
	print_source(spec);
	if (spec->unit_from != NULL)
		fputs(", unit from the device", stdout);
	if (spec->scale_from != NULL ||
	    (spec->from == XN_FROM_REGISTER &&
		(spec->registers->scale != NULL || spec->registers->span != NULL)))
		fputs(", scale from the device", stdout);
	if (spec->rule.counter_bits > 0)
		printf(", counts %u bits", spec->rule.counter_bits);
	if (spec->rule.counter_resets)
		fputs(", can be reset", stdout);
	if (spec->rule.doubt != NULL)
		printf(", in doubt: %s", spec->rule.doubt);
	fputs("\n", stdout);
	for (unsigned i = 0; i < spec->rule.word_count; i++) {
		const struct xn_word *word = &spec->rule.words[i];

		printf("    %6lld  %-28s %s\n", (long long)word->value, word->text,
		    xn_severity_word(word->severity));
	}
}

static void
print_profile(const struct xn_profile *profile)
{
	printf("%s: %s %s, over %s\n", profile->name, profile->vendor, profile->title,
	    profile->modbus ? "Modbus" : "SNMP");
	if (profile->match_count > 0)
		printf("recognised by%s\n", profile->standard ? " (when nothing else fits)" : "");
	for (unsigned i = 0; i < profile->match_count; i++)
		print_way(&profile->matches[i]);
	printf("%u points\n", profile->point_count);
	for (unsigned i = 0; i < profile->point_count; i++)
		print_point(&profile->points[i]);
}

static int
profile_show(struct xn_cli *cli)
{
	const struct xn_oid nothing = {.count = 0};
	const struct xn_profile *profile = NULL;
	struct xn_profiles *profiles;
	struct xn_error err = {0};
	int number;

	if (cli->argument_count != 1) {
		fputs(
		    "xanh: profile show needs one NAME; 'xanh profile list' lists them\n", stderr);
		return XN_EXIT_USAGE;
	}
	if (xn_profiles_load(&profiles, xn_profile_dir(), &err) < 0)
		return xn_profile_give_up(&err);
	number = xn_profiles_find(profiles, cli->arguments[0]);
	if (number < 0)
		xn_fail(&err, XN_ENOTFOUND,
		    "no profile \"%s\" in %s; 'xanh profile list' lists them", cli->arguments[0],
		    profiles->dir);
	else
		profile = xn_profiles_use(profiles, (unsigned)number, &nothing, &err);
	if (profile != NULL)
		print_profile(profile);
	xn_profiles_free(profiles);
	return profile != NULL ? XN_EXIT_OK : xn_profile_give_up(&err);
}

const struct xn_cli_command xn_cli_profile_list = {
    .noun = "profile",
    .verb = "list",
    .arguments = "",
    .summary = "the device families that can be read",
    .examples = "xanh profile list\n"
		"xanh profile list -o csv\n",
    .options = {{.name = "output", .letter = 'o', .value = "FORMAT", .help = "table, json or csv"}},
    .run = profile_list,
};

const struct xn_cli_command xn_cli_profile_show = {
    .noun = "profile",
    .verb = "show",
    .arguments = "NAME",
    .summary = "what a profile recognises and reads",
    .examples = "xanh profile show apc-rpdu2\n",
    .run = profile_show,
};
