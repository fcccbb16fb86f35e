#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/snmp_recording.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/profile.h"

#define OID_TEXT_SIZE (XN_OID_MAX * 11)

/* Private enterprises; what stands elsewhere is some standard's. */
static const struct xn_oid enterprises = {.id = {1, 3, 6, 1, 4, 1}, .count = 6};

static void
system_text(const struct xn_recording *recording, const char *oid, char *ret_text, size_t size)
{
	struct xn_snmp_value value;
	struct xn_oid object;

	ret_text[0] = '\0';
	if (!xn_oid_parse(oid, &object))
		return;
	value = xn_recording_get(recording, &object);
	if (value.tag == XN_SNMP_OID)
		value.tag = XN_SNMP_TEXT;
	if (value.tag == XN_SNMP_TEXT)
		xn_snmp_text(&value, ret_text, size);
}

static void
print_head(const struct xn_recording *recording, const char *name, FILE *out)
{
	char object_id[OID_TEXT_SIZE];
	char descr[256];

	system_text(recording, "1.3.6.1.2.1.1.2.0", object_id, sizeof(object_id));
	system_text(recording, "1.3.6.1.2.1.1.1.0", descr, sizeof(descr));
	fprintf(out, "# %s: the MIB or manual, page and firmware these facts are from.\n", name);
	fprintf(out, "# sysDescr: %s\n", descr);
	fputs("vendor: \"\"\ntitle: \"\"\ntransport: snmp\n", out);
	fprintf(out, "match:\n  - {sysObjectID: %s}\n",
	    object_id[0] != '\0' ? object_id : "1.3.6.1.4.1.0");
	fputs("# For each object you know: take the # away, and say point, class and unit\n"
	      "# (man 5 xanh-profile). Behind each is what the device said.\npoints:\n",
	    out);
}

/* Of a table only the first row of each column: "oid" of a scalar, "column" of others. */
static bool
is_column(const struct xn_recording *recording, const struct xn_oid *oid, struct xn_oid *ret_next)
{
	struct xn_snmp_value value;

	return xn_recording_next(recording, oid, ret_next, &value) && oid->count > 1 &&
	    ret_next->count == oid->count &&
	    memcmp(ret_next->id, oid->id, (oid->count - 1) * sizeof(oid->id[0])) == 0;
}

static void
print_object(const struct xn_recording *recording, const struct xn_oid *oid,
    const struct xn_snmp_value *value, FILE *out)
{
	struct xn_oid column = *oid;
	struct xn_oid next;
	char text[OID_TEXT_SIZE];
	char said[64];
	bool table = oid->id[oid->count - 1] != 0 && is_column(recording, oid, &next);

	if (table)
		column.count--;
	xn_oid_print(&column, text, sizeof(text));
	if (value->tag == XN_SNMP_TEXT)
		xn_snmp_text(value, said, sizeof(said));
	else
		snprintf(said, sizeof(said), "%" PRId64, value->integer);
	if (table)
		fprintf(out, "#  - {point: \"x.{n}\", class: , column: %s, unit: }  # %s\n", text,
		    said);
	else
		fprintf(out, "#  - {point: x, class: , oid: %s, unit: }  # %s\n", text, said);
}

static void
print_objects(const struct xn_recording *recording, FILE *out)
{
	struct xn_oid at = enterprises;
	struct xn_oid last = {.count = 0};
	struct xn_snmp_value value;

	while (xn_recording_next(recording, &at, &at, &value) && xn_oid_under(&at, &enterprises)) {
		struct xn_oid column = at;

		column.count--;
		if (last.count > 0 && xn_oid_under(&at, &last))
			continue; /* a further row of the column */
		last = column;
		if (at.id[at.count - 1] == 0)
			last.count = 0;
		print_object(recording, &at, &value, out);
	}
}

static int
write_profile(const struct xn_recording *recording, const char *name, const char *path)
{
	struct xn_error err;
	FILE *out = path != NULL ? fopen(path, "wxe") : stdout;

	if (out == NULL) {
		xn_fail(&err, XN_EREAD, "%s: %s", path, strerror(errno));
		return xn_profile_give_up(&err);
	}
	print_head(recording, name, out);
	print_objects(recording, out);
	fputs("  []\n", out);
	if ((path != NULL ? fclose(out) : fflush(out)) != 0) {
		xn_fail(&err, XN_ESYSTEM, "cannot write: %s", strerror(errno));
		return xn_profile_give_up(&err);
	}
	return XN_EXIT_OK;
}

static int
profile_new(struct xn_cli *cli)
{
	struct xn_recording *recording;
	struct xn_error err = {0};
	int code;

	if (cli->argument_count != 2) {
		fputs(
		    "xanh: profile new needs NAME and a recording; 'xanh probe URL --record FILE' "
		    "makes one\n",
		    stderr);
		return XN_EXIT_USAGE;
	}
	if (xn_recording_open(&recording, cli->arguments[1], &err) < 0)
		return xn_profile_give_up(&err);
	code = write_profile(recording, cli->arguments[0], xn_cli_option(cli, "out"));
	xn_recording_close(recording);
	return code;
}

const struct xn_cli_command xn_cli_profile_new = {
    .noun = "profile",
    .verb = "new",
    .arguments = "NAME RECORDING",
    .summary = "begin a profile from what a recorded device answers",
    .examples = "xanh probe 'snmp://10.20.7.11?community=@c' --record acme.snmprec\n"
		"xanh profile new acme-pdu acme.snmprec --out drivers/profiles/acme-pdu.yaml\n",
    .options = {{.name = "out",
	.value = "FILE",
	.help = "a file that is not there yet; else standard output"}},
    .run = profile_new,
};
