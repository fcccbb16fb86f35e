#include "drivers/snmp_wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/snmp_recording.h"
#include "drivers/snmp_session.h"

#define SMALL_GET     10
#define OID_TEXT_SIZE (XN_OID_MAX * 11)

enum job { JOB_GET, JOB_WALK };

/* A column being walked. */
struct cursor {
	unsigned place;
	unsigned rows;
	struct xn_oid at;
};

struct xn_snmp {
	struct xn_snmp_session *session; /* NULL: `recording` answers */
	struct xn_recording *recording;
	int version;
	/* The caller's. */
	int64_t deadline;
	struct xn_snmp_limits limits;
	xn_snmp_done done;
	void *to;
	/* The job. */
	enum job job;
	const struct xn_oid_ref *oids;
	const uint8_t *skip;
	unsigned count;
	unsigned next; /* the first place not yet asked */
	xn_snmp_take take;
	/* The GET in flight. */
	unsigned places[XN_SNMP_GET_MAX];
	unsigned asked;
	unsigned limit;
	bool tried_less;        /* after silence */
	unsigned limit_learned; /* the device could not answer more; 0: it could */
	struct xn_error fault; /* of a GET that got no answer; the others were asked all the same */
	/* The walk. */
	struct cursor cursors[XN_SNMP_WIDTH];
	unsigned width; /* cursors that are walking */
	unsigned width_max;
	unsigned sent; /* of them in the request */
	bool bulk;
	bool peek;
};

static void send_next(struct xn_snmp *snmp);

static void
end_job(struct xn_snmp *snmp, int code, const struct xn_error *err)
{
	snmp->done(snmp->to, code, err);
}

/* ---- the library's types ---- */

static bool
add_variable(netsnmp_pdu *pdu, const uint32_t *id, unsigned count)
{
	oid name[XN_OID_MAX];

	for (unsigned i = 0; i < count; i++)
		name[i] = id[i];
	return snmp_add_null_var(pdu, name, count) != NULL;
}

static bool
take_oid(const oid *id, size_t count, struct xn_oid *ret_oid)
{
	if (count > XN_OID_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		ret_oid->id[i] = (uint32_t)id[i];
	ret_oid->count = (unsigned)count;
	return true;
}

/* A variable as our value; `text` of OIDs is written to `buffer`. */
static struct xn_snmp_value
take_value(const netsnmp_variable_list *variable, char buffer[OID_TEXT_SIZE])
{
	struct xn_snmp_value value = {.tag = variable->type};
	struct xn_oid oid;

	switch (variable->type) {
	case ASN_INTEGER: value.integer = *variable->val.integer; break;
	case ASN_COUNTER:
	case ASN_GAUGE:
	case ASN_TIMETICKS: value.integer = (uint32_t)*variable->val.integer; break;
	case ASN_COUNTER64:
		value.integer = (int64_t)((uint64_t)variable->val.counter64->high << 32 |
		    (variable->val.counter64->low & 0xffffffffu));
		break;
	case ASN_OPAQUE_FLOAT:
		value.tag = XN_SNMP_REAL;
		value.real = (double)*variable->val.floatVal;
		break;
	case ASN_OPAQUE_DOUBLE: value.real = *variable->val.doubleVal; break;
	case ASN_OCTET_STR:
		value.text = (const char *)variable->val.string;
		value.size = variable->val_len;
		break;
	case ASN_OBJECT_ID:
		if (take_oid(variable->val.objid,
			variable->val_len / sizeof(variable->val.objid[0]), &oid))
			xn_oid_print(&oid, buffer, OID_TEXT_SIZE);
		else
			snprintf(buffer, OID_TEXT_SIZE, "?");
		value.text = buffer;
		value.size = strlen(buffer);
		break;
	default: break;
	}
	return value;
}

/* ---- reading objects ---- */

static bool
is_skipped(const struct xn_snmp *snmp, unsigned place)
{
	return snmp->skip != NULL && snmp->skip[place] != 0;
}

static void
ask_places(struct xn_snmp *snmp)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	for (unsigned i = 0; pdu != NULL && i < snmp->asked; i++) {
		const struct xn_oid_ref *oid = &snmp->oids[snmp->places[i]];

		if (!add_variable(pdu, oid->id, oid->count)) {
			snmp_free_pdu(pdu);
			pdu = NULL;
		}
	}
	xn_snmp_session_ask(snmp->session, pdu, snmp->deadline);
}

/* Fills the next GET; false when nothing is left. */
static bool
gather_places(struct xn_snmp *snmp)
{
	snmp->asked = 0;
	while (snmp->asked < snmp->limit && snmp->next < snmp->count) {
		if (!is_skipped(snmp, snmp->next))
			snmp->places[snmp->asked++] = snmp->next;
		snmp->next++;
	}
	return snmp->asked > 0;
}

/* Gives the values of a response; only those that were asked for, in their order. */
static void
deliver(struct xn_snmp *snmp, const struct xn_snmp_answer *answer)
{
	const netsnmp_variable_list *variable = answer->variables;
	char buffer[OID_TEXT_SIZE];
	struct xn_oid oid;

	for (unsigned i = 0; i < snmp->asked && variable != NULL;
	     i++, variable = variable->next_variable) {
		const struct xn_oid_ref *wanted = &snmp->oids[snmp->places[i]];
		struct xn_snmp_value value;

		if (!take_oid(variable->name, variable->name_length, &oid) ||
		    oid.count != wanted->count ||
		    memcmp(oid.id, wanted->id, wanted->count * sizeof(oid.id[0])) != 0)
			continue;
		value = take_value(variable, buffer);
		snmp->take(snmp->to, snmp->places[i], &oid, &value);
	}
}

/* Takes out the object a device refused, and asks the rest again. */
static void
refuse(struct xn_snmp *snmp, unsigned at)
{
	struct xn_snmp_value none = {.tag = XN_SNMP_REFUSED};
	struct xn_oid oid = {.count = 0};

	snmp->take(snmp->to, snmp->places[at], &oid, &none);
	snmp->asked--;
	memmove(
	    snmp->places + at, snmp->places + at + 1, (snmp->asked - at) * sizeof(snmp->places[0]));
	if (snmp->asked > 0)
		ask_places(snmp);
	else
		send_next(snmp);
}

/* The second half of what was asked is asked later. */
static void
halve(struct xn_snmp *snmp)
{
	snmp->limit = snmp->asked / 2;
	snmp->next = snmp->places[snmp->limit];
	snmp->asked = snmp->limit;
	ask_places(snmp);
}

static void
judge_get(struct xn_snmp *snmp, const struct xn_snmp_answer *answer)
{
	if (answer->errstat == SNMP_ERR_NOERROR) {
		deliver(snmp, answer);
		send_next(snmp);
	} else if (answer->errstat == SNMP_ERR_TOOBIG && snmp->asked > 1) {
		snmp->limit_learned = snmp->asked / 2;
		halve(snmp);
	} else if (answer->errindex >= 1 && (unsigned long)answer->errindex <= snmp->asked) {
		refuse(snmp, (unsigned)answer->errindex - 1);
	} else if (snmp->asked > 1) {
		halve(snmp); /* refused without saying which */
	} else {
		refuse(snmp, 0);
	}
}

/* ---- walking columns ---- */

static void
refill_cursors(struct xn_snmp *snmp)
{
	while (snmp->width < snmp->width_max && snmp->next < snmp->count) {
		struct cursor *cursor = &snmp->cursors[snmp->width++];
		const struct xn_oid_ref *root = &snmp->oids[snmp->next];

		*cursor = (struct cursor){.place = snmp->next++, .at.count = root->count};
		memcpy(cursor->at.id, root->id, root->count * sizeof(root->id[0]));
	}
}

static void
ask_cursors(struct xn_snmp *snmp)
{
	bool bulk = snmp->bulk && !snmp->peek;
	netsnmp_pdu *pdu = snmp_pdu_create(bulk ? SNMP_MSG_GETBULK : SNMP_MSG_GETNEXT);

	snmp->sent = snmp->width < snmp->width_max ? snmp->width : snmp->width_max;
	for (unsigned i = 0; pdu != NULL && i < snmp->sent; i++) {
		if (!add_variable(pdu, snmp->cursors[i].at.id, snmp->cursors[i].at.count)) {
			snmp_free_pdu(pdu);
			pdu = NULL;
		}
	}
	if (pdu != NULL && bulk) {
		long rows = snmp->limits.rows / snmp->sent;

		pdu->non_repeaters = 0;
		pdu->max_repetitions = rows > 0 ? rows : 1;
	}
	xn_snmp_session_ask(snmp->session, pdu, snmp->deadline);
}

/* Takes one value for a cursor; false when its column is over. */
static bool
step(struct xn_snmp *snmp, struct cursor *cursor, const struct xn_oid *oid,
    const struct xn_snmp_value *value)
{
	const struct xn_oid_ref *root = &snmp->oids[cursor->place];

	if (oid->count < root->count ||
	    memcmp(oid->id, root->id, root->count * sizeof(root->id[0])) != 0 ||
	    value->tag >= XN_SNMP_NO_OBJECT || cursor->rows == XN_SNMP_ROWS_MAX)
		return false;
	/* The first of a peek may be the object itself. */
	if (xn_oid_compare(oid, &cursor->at) <= 0)
		return false;
	cursor->at = *oid;
	cursor->rows++;
	snmp->take(snmp->to, cursor->place, oid, value);
	return !snmp->peek;
}

static void
drop_cursors(struct xn_snmp *snmp, const bool *over)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < snmp->width; i++) {
		if (!over[i])
			snmp->cursors[kept++] = snmp->cursors[i];
	}
	snmp->width = kept;
}

/* A reply to a walk goes row by row: the next of each cursor, then the one after. */
static void
judge_rows(struct xn_snmp *snmp, const struct xn_snmp_answer *answer)
{
	const netsnmp_variable_list *variable = answer->variables;
	bool over[XN_SNMP_WIDTH] = {false};
	bool seen[XN_SNMP_WIDTH] = {false};
	char buffer[OID_TEXT_SIZE];

	for (unsigned i = 0; variable != NULL; i++, variable = variable->next_variable) {
		unsigned at = i % snmp->sent;
		struct xn_snmp_value value;
		struct xn_oid oid;

		seen[at] = true;
		if (over[at])
			continue;
		if (!take_oid(variable->name, variable->name_length, &oid)) {
			over[at] = true;
			continue;
		}
		value = take_value(variable, buffer);
		over[at] = !step(snmp, &snmp->cursors[at], &oid, &value);
	}
	/* A reply that was cut tells of the first cursors only; the others are asked again. */
	if (!seen[0])
		memset(over, true, sizeof(over));
	else if (!seen[snmp->sent - 1])
		snmp->width_max = 1;
	drop_cursors(snmp, over);
	send_next(snmp);
}

/* A walk was refused: more finely, then step by step; then the column is over. */
static void
judge_walk(struct xn_snmp *snmp, const struct xn_snmp_answer *answer)
{
	bool over[XN_SNMP_WIDTH] = {false};

	if (answer->errstat == SNMP_ERR_NOERROR) {
		judge_rows(snmp, answer);
		return;
	}
	if (answer->errindex >= 1 && (unsigned long)answer->errindex <= snmp->sent &&
	    answer->errstat != SNMP_ERR_TOOBIG && (!snmp->bulk || snmp->peek)) {
		over[answer->errindex - 1] = true;
	} else if (snmp->sent > 1) {
		snmp->width_max = 1;
	} else if (snmp->bulk && !snmp->peek) {
		snmp->bulk = false;
	} else {
		over[0] = true;
	}
	drop_cursors(snmp, over);
	send_next(snmp);
}

/* ---- both ---- */

static void
send_next(struct xn_snmp *snmp)
{
	struct xn_error none = {.code = XN_OK};

	if (snmp->job == JOB_GET) {
		if (gather_places(snmp))
			ask_places(snmp);
		else
			end_job(snmp, snmp->fault.code, &snmp->fault);
		return;
	}
	refill_cursors(snmp);
	if (snmp->width > 0)
		ask_cursors(snmp);
	else
		end_job(snmp, XN_OK, &none);
}

/* Some cards drop without a word what is too big for them: silence is met by asking for less once.
 */
static bool
ask_for_less(struct xn_snmp *snmp)
{
	if (snmp->tried_less)
		snmp->limit_learned = 0; /* it was not that */
	if (snmp->tried_less || snmp->limit_learned > 0 || snmp->asked <= SMALL_GET ||
	    xn_deadline_left(snmp->deadline) == 0)
		return false;
	snmp->tried_less = true;
	snmp->limit_learned = SMALL_GET;
	snmp->limit = SMALL_GET;
	snmp->next = snmp->places[0];
	send_next(snmp);
	return true;
}

/* A GET without an answer: the next one is asked all the same; after the second the job ends. */
static void
judge_silence(struct xn_snmp *snmp, int code, const struct xn_error *err)
{
	bool get = snmp->job == JOB_GET;

	if (get && code == XN_EUNREACHABLE && ask_for_less(snmp))
		return;
	if (get && snmp->fault.code == XN_OK && snmp->next < snmp->count &&
	    xn_deadline_left(snmp->deadline) > 0) {
		snmp->fault = *err;
		send_next(snmp);
	} else {
		end_job(snmp, code, err);
	}
}

static void
on_answered(void *to, const struct xn_snmp_answer *answer, int code, const struct xn_error *err)
{
	struct xn_snmp *snmp = to;

	if (answer == NULL) {
		judge_silence(snmp, code, err);
		return;
	}
	snmp->tried_less = false;
	if (snmp->job == JOB_GET)
		judge_get(snmp, answer);
	else
		judge_walk(snmp, answer);
}

/* ---- a recording's answers ---- */

static void
replay_walk(struct xn_snmp *snmp)
{
	for (unsigned i = 0; i < snmp->count; i++) {
		struct cursor cursor = {.place = i, .at.count = snmp->oids[i].count};
		struct xn_snmp_value value;
		struct xn_oid oid;

		memcpy(cursor.at.id, snmp->oids[i].id, snmp->oids[i].count * sizeof(oid.id[0]));
		while (xn_recording_next(snmp->recording, &cursor.at, &oid, &value)) {
			if (!step(snmp, &cursor, &oid, &value))
				break;
		}
	}
}

static void
replay(struct xn_snmp *snmp)
{
	struct xn_error none = {.code = XN_OK};

	if (snmp->job == JOB_WALK) {
		replay_walk(snmp);
		end_job(snmp, XN_OK, &none);
		return;
	}
	for (unsigned i = 0; i < snmp->count; i++) {
		struct xn_oid oid = {.count = snmp->oids[i].count};
		struct xn_snmp_value value;

		if (is_skipped(snmp, i))
			continue;
		memcpy(oid.id, snmp->oids[i].id, oid.count * sizeof(oid.id[0]));
		value = xn_recording_get(snmp->recording, &oid);
		snmp->take(snmp->to, i, &oid, &value);
	}
	end_job(snmp, XN_OK, &none);
}

/* ---- the owner's calls ---- */

int
xn_snmp_open(
    struct xn_snmp **ret_snmp, struct xn_hub *hub, struct xn_url *url, struct xn_error *err)
{
	struct xn_snmp *snmp = calloc(1, sizeof(*snmp));
	int code;

	if (snmp == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	snmp->version = url->version;
	code = url->scheme == XN_URL_REPLAY
	    ? xn_recording_open(&snmp->recording, url->host, err)
	    : xn_snmp_session_open(&snmp->session, hub, url, on_answered, snmp, err);
	if (code < 0) {
		xn_snmp_close(snmp);
		return code;
	}
	*ret_snmp = snmp;
	return XN_OK;
}

void
xn_snmp_close(struct xn_snmp *snmp)
{
	if (snmp == NULL)
		return;
	xn_snmp_session_close(snmp->session);
	xn_recording_close(snmp->recording);
	free(snmp);
}

void
xn_snmp_begin(struct xn_snmp *snmp, int64_t deadline, struct xn_snmp_limits limits,
    xn_snmp_done done, void *to)
{
	assert(limits.objects >= 1 && limits.objects <= XN_SNMP_GET_MAX && limits.rows >= 1);
	snmp->deadline = deadline;
	snmp->limits = limits;
	snmp->done = done;
	snmp->to = to;
}

void
xn_snmp_get(struct xn_snmp *snmp, const struct xn_oid_ref *oids, const uint8_t *skip,
    unsigned count, xn_snmp_take take)
{
	snmp->job = JOB_GET;
	snmp->oids = oids;
	snmp->skip = skip;
	snmp->count = count;
	snmp->next = 0;
	snmp->limit = snmp->limits.objects;
	if (snmp->limit_learned > 0 && snmp->limit_learned < snmp->limit)
		snmp->limit = snmp->limit_learned;
	snmp->fault.code = XN_OK;
	snmp->tried_less = false;
	snmp->take = take;
	if (snmp->session == NULL)
		replay(snmp);
	else
		send_next(snmp);
}

void
xn_snmp_walk(struct xn_snmp *snmp, const struct xn_oid_ref *roots, unsigned count, bool peek,
    xn_snmp_take take)
{
	snmp->job = JOB_WALK;
	snmp->oids = roots;
	snmp->count = count;
	snmp->next = 0;
	snmp->width = 0;
	snmp->width_max = XN_SNMP_WIDTH;
	snmp->bulk = snmp->version != 1;
	snmp->peek = peek;
	snmp->take = take;
	if (snmp->session == NULL)
		replay(snmp);
	else
		send_next(snmp);
}

size_t
xn_snmp_engine(const struct xn_snmp *snmp, uint8_t ret_engine[XN_SNMP_ENGINE_MAX])
{
	return snmp->session != NULL ? xn_snmp_session_engine(snmp->session, ret_engine) : 0;
}
