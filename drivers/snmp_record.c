#include "drivers/snmp_record.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "drivers/snmp_wire.h"

#define DEADLINE_MS    (10 * 60 * 1000)
#define PROGRESS_EVERY 500

struct record {
	FILE *out;
	const struct xn_url *url;
	void (*progress)(unsigned objects);
	unsigned count;
	bool done;
	int code;
	struct xn_error err;
};

static bool
is_private(const struct xn_oid *oid)
{
	/* sysContact, sysName, sysLocation */
	static const struct xn_oid objects[] = {{{1, 3, 6, 1, 2, 1, 1, 4}, 8},
	    {{1, 3, 6, 1, 2, 1, 1, 5}, 8}, {{1, 3, 6, 1, 2, 1, 1, 6}, 8}};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (xn_oid_under(oid, &objects[i]))
			return true;
	}
	return false;
}

static bool
holds(const struct xn_snmp_value *value, const char *secret)
{
	size_t size = strlen(secret);

	return size > 0 && value->size >= size &&
	    memmem(value->text, value->size, secret, size) != NULL;
}

static bool
is_secret(const struct record *record, const struct xn_snmp_value *value)
{
	static const char *const tried[] = {"public", "private", "write", "admin"};
	const struct xn_url *url = record->url;

	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		if (value->size == strlen(tried[i]) &&
		    strncasecmp(value->text, tried[i], value->size) == 0)
			return true;
	}
	return holds(value, url->community) || holds(value, url->user) ||
	    holds(value, url->auth_pass) || holds(value, url->priv_pass) || holds(value, "@");
}

static bool
is_plain(const struct xn_snmp_value *value)
{
	for (size_t i = 0; i < value->size; i++) {
		if (value->text[i] < ' ' || value->text[i] > '~')
			return false;
	}
	return true;
}

/* False: it stays out. */
static bool
write_text(const struct record *record, const char *oid, const struct xn_snmp_value *value)
{
	if (is_secret(record, value))
		return false;
	if (is_plain(value)) {
		fprintf(record->out, "%s|4|%.*s\n", oid, (int)value->size, value->text);
		return true;
	}
	fprintf(record->out, "%s|4x|", oid);
	for (size_t i = 0; i < value->size; i++)
		fprintf(record->out, "%02x", (unsigned char)value->text[i]);
	fputc('\n', record->out);
	return true;
}

static void
take(void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct record *record = to;
	char text[XN_OID_MAX * 11];

	(void)place;
	if (is_private(oid))
		return;
	xn_oid_print(oid, text, sizeof(text));
	switch (value->tag) {
	case XN_SNMP_INTEGER:
	case XN_SNMP_COUNTER:
	case XN_SNMP_GAUGE:
	case XN_SNMP_TICKS:
		fprintf(record->out, "%s|%u|%" PRId64 "\n", text, value->tag, value->integer);
		break;
	case XN_SNMP_COUNTER64:
		fprintf(
		    record->out, "%s|%u|%" PRIu64 "\n", text, value->tag, (uint64_t)value->integer);
		break;
	case XN_SNMP_REAL: fprintf(record->out, "%s|4|%.9g\n", text, value->real); break;
	case XN_SNMP_TEXT:
		if (!write_text(record, text, value))
			return;
		break;
	case XN_SNMP_OID:
		fprintf(record->out, "%s|6|%.*s\n", text, (int)value->size, value->text);
		break;
	default: return; /* addresses and the like */
	}
	record->count++;
	if (record->progress != NULL && record->count % PROGRESS_EVERY == 0)
		record->progress(record->count);
}

static void
on_done(void *to, int code, const struct xn_error *err)
{
	struct record *record = to;

	record->done = true;
	record->code = code;
	if (code < 0)
		record->err = *err;
}

/* One subtree after the other, so that the lines are in the order of a walk. */
static void
walk_all(struct record *record, struct xn_hub *hub, struct xn_snmp *snmp)
{
	static const uint32_t system_[] = {1, 3, 6, 1, 2, 1, 1};
	static const uint32_t ups[] = {1, 3, 6, 1, 2, 1, 33};
	static const uint32_t entity[] = {1, 3, 6, 1, 2, 1, 47};
	static const uint32_t sensor[] = {1, 3, 6, 1, 2, 1, 99};
	static const uint32_t enterprises[] = {1, 3, 6, 1, 4, 1};
	static const struct xn_oid_ref roots[] = {
	    {system_, 7}, {ups, 7}, {entity, 7}, {sensor, 7}, {enterprises, 6}};
	struct xn_snmp_limits limits = {.objects = 40, .rows = 40};

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]) && record->code == XN_OK; i++) {
		record->done = false;
		xn_snmp_begin(snmp, xn_deadline_in(DEADLINE_MS), limits, on_done, record);
		xn_snmp_walk(snmp, &roots[i], 1, false, take);
		while (!record->done)
			xn_hub_turn(hub, XN_HUB_TICK_MS, -1);
	}
}

int
xn_snmp_record(const char *text, FILE *out, void (*progress)(unsigned objects),
    unsigned *ret_objects, struct xn_error *err)
{
	struct record record = {.out = out, .progress = progress};
	struct xn_snmp *snmp = NULL;
	struct xn_hub *hub = NULL;
	struct xn_url url;
	int code = xn_url_parse(text, &url, err);

	if (code == XN_OK && url.scheme != XN_URL_SNMP && url.scheme != XN_URL_REPLAY)
		code = xn_fail(err, XN_EINVALID, "only SNMP devices are recorded by a walk");
	record.url = &url;
	if (code == XN_OK)
		code = xn_hub_open(&hub, err);
	if (code == XN_OK)
		code = xn_snmp_open(&snmp, hub, &url, err);
	if (code == XN_OK) {
		walk_all(&record, hub, snmp);
		*ret_objects = record.count;
		code = record.code;
		if (code < 0)
			code = xn_fail(err, record.count > 0 ? XN_EDEVICE : XN_EUNREACHABLE, "%s",
			    record.err.text);
	}
	xn_snmp_close(snmp);
	xn_hub_close(hub);
	explicit_bzero(&url, sizeof(url));
	return code;
}
