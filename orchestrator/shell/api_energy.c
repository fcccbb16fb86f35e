/* Amending the books: corrections of what a meter counted, and activities that people bring. */
#include "orchestrator/shell/api.h"
#include "orchestrator/books/period.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/books/books.h"

#define ACTIVITIES_MAX 10000 /* in one request */
#define AMOUNT_MAX     9e12  /* of an activity: thousandths fit in 64 bits */

static json_t *
body_of(struct xn_call *call)
{
	json_t *body = json_loadb(call->request->body, call->request->size, 0, NULL);

	if (json_is_object(body))
		return body;
	json_decref(body);
	xn_api_error(call->request, 422, "invalid", "the body is no JSON object");
	return NULL;
}

/* A text field; false when it is too long, or missing and `required`. */
static bool
text_field(const json_t *object, const char *field, bool required, char *ret_text, size_t size,
    struct xn_error *err)
{
	const char *text = json_string_value(json_object_get(object, field));

	if (text == NULL)
		text = "";
	if (required && text[0] == '\0')
		return xn_fail(err, XN_EINVALID, "'%s' is missing", field), false;
	if (strlen(text) >= size)
		return xn_fail(err, XN_EINVALID, "'%s' is longer than %zu bytes", field, size - 1),
		       false;
	snprintf(ret_text, size, "%s", text);
	return true;
}

static bool
span_fields(const struct xn_call *call, const json_t *object, xn_instant *ret_start,
    xn_instant *ret_end, struct xn_error *err)
{
	const char *start = json_string_value(json_object_get(object, "start"));
	const char *end = json_string_value(json_object_get(object, "end"));
	int offset_s = call->daemon->map.topology.utc_offset_s;

	if (start == NULL || end == NULL || !xn_period_instant(start, offset_s, ret_start) ||
	    !xn_period_instant(end, offset_s, ret_end) || ret_start->ms >= ret_end->ms)
		return xn_fail(err, XN_EINVALID,
			   "'start' and 'end' are RFC 3339 instants, one before the other"),
		       false;
	return true;
}

/* ---- corrections ---- */

/* What the books have of a meter in a span. */
static int
booked(
    struct xn_call *call, const struct xn_correction *what, int64_t *ret_mj, struct xn_error *err)
{
	const struct xn_books_query query = {.from = what->start,
	    .to = what->end,
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_METER),
	    .name = what->meter};
	struct xn_amount amount;
	struct xn_books *books;
	int result = xn_books_open(&books, call->daemon->options.state, err);

	if (result != XN_OK)
		return result;
	result = xn_books_sum(books, &query, &amount, err);
	xn_books_close(books);
	*ret_mj = amount.energy.mj;
	return result;
}

static int
read_correction(
    struct xn_call *call, const json_t *body, struct xn_correction *what, struct xn_error *err)
{
	const json_t *energy = json_object_get(body, "energy_kwh");
	double kwh = json_number_value(energy);
	int64_t before = 0;

	*what = (struct xn_correction){.grade = XN_GRADE_SUBSTITUTED};
	snprintf(what->author, sizeof(what->author), "%s", call->actor);
	if (!text_field(body, "meter", true, what->meter, sizeof(what->meter), err) ||
	    !text_field(body, "reason", true, what->reason, sizeof(what->reason), err) ||
	    !text_field(body, "evidence", false, what->evidence, sizeof(what->evidence), err) ||
	    !span_fields(call, body, &what->start, &what->end, err))
		return XN_EINVALID;
	if (!json_is_number(energy) || !isfinite(kwh) || kwh < 0 || kwh > 1e9)
		return xn_fail(err, XN_EINVALID,
		    "'energy_kwh' is what the meter truly counted in the span, 0 or more");
	if (json_is_true(json_object_get(body, "estimated")))
		what->grade = XN_GRADE_ESTIMATED;
	if (booked(call, what, &before, err) != XN_OK)
		return err->code;
	what->energy.mj = (int64_t)llround(kwh * 1000 * (double)XN_WH_MJ) - before;
	return XN_OK;
}

void
xn_api_correct(struct xn_call *call)
{
	struct xn_correction what;
	struct xn_reply reply = {0};
	struct xn_error err = {0};
	json_t *body = body_of(call);
	int result;

	if (body == NULL)
		return;
	result = read_correction(call, body, &what, &err);
	json_decref(body);
	if (result == XN_OK && what.energy.mj != 0)
		result = xn_engine_correct(&call->daemon->engine, &what, &reply, &err);
	if (result == XN_OK && reply.code != XN_OK)
		result = xn_fail(&err, reply.code, "%s", reply.text);
	if (result != XN_OK) {
		xn_api_fail(call->request, &err);
		return;
	}
	xn_api_json(call->request, 200,
	    json_pack("{s:s, s:f}", "text",
		what.energy.mj == 0 ? "the books say so already" : reply.text, "difference_kwh",
		(double)what.energy.mj / (double)(1000 * XN_WH_MJ)));
}

/* ---- activities ---- */

static bool
kind_of(const char *word, enum xn_activity *ret_kind)
{
	static const char *const words[] = {
#define WORD(name, word, unit) word,
	    XN_ACTIVITIES(WORD)
#undef WORD
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0) {
			*ret_kind = (enum xn_activity)i;
			return true;
		}
	return false;
}

static int
store_activity(struct xn_call *call, const json_t *object, struct xn_error *err)
{
	struct xn_books_activity row = {.author = call->actor};
	char kind[XN_NAME_SIZE], about[XN_NAME_SIZE], evidence[XN_SENTENCE_SIZE];
	const json_t *amount = json_object_get(object, "amount");
	double value = json_number_value(amount);

	if (!text_field(object, "kind", true, kind, sizeof(kind), err) ||
	    !text_field(object, "about", false, about, sizeof(about), err) ||
	    !text_field(object, "evidence", false, evidence, sizeof(evidence), err) ||
	    !span_fields(call, object, &row.start, &row.end, err))
		return XN_EINVALID;
	if (!kind_of(kind, &row.kind))
		return xn_fail(err, XN_EINVALID, "there is no activity '%s'", kind);
	if (!json_is_number(amount) || !isfinite(value) || value < 0 || value > AMOUNT_MAX / 1000)
		return xn_fail(err, XN_EINVALID, "'amount' is a number, 0 or more");
	row.milli = llround(value * 1000);
	row.about = about;
	row.evidence = evidence;
	return xn_store_activity(call->daemon->store, call->daemon->engine.now, &row, err);
}

/* All of them or none. */
static int
store_activities(struct xn_call *call, const json_t *list, struct xn_error *err)
{
	struct xn_store *store = call->daemon->store;
	char said[XN_SENTENCE_SIZE];
	int result = xn_store_begin(store, err);
	size_t i;
	json_t *item;

	if (result != XN_OK)
		return result;
	json_array_foreach(list, i, item)
	{
		if ((result = store_activity(call, item, err)) != XN_OK) {
			xn_wrap(err, "activity %zu", i + 1);
			break;
		}
	}
	snprintf(said, sizeof(said), "%zu activities are imported", json_array_size(list));
	if (result == XN_OK)
		result = xn_store_audit(
		    store, call->daemon->engine.now, call->actor, "activity", said, err);
	if (result == XN_OK)
		result = xn_store_commit(store, err);
	if (result != XN_OK)
		xn_store_rollback(store);
	return result;
}

void
xn_api_activities(struct xn_call *call)
{
	struct xn_error err = {0};
	json_t *body = body_of(call);
	const json_t *list = json_object_get(body, "activities");
	int result;

	if (body == NULL)
		return;
	if (!json_is_array(list) || json_array_size(list) > ACTIVITIES_MAX)
		result = xn_fail(
		    &err, XN_EINVALID, "'activities' is a list of at most %d", ACTIVITIES_MAX);
	else
		result = store_activities(call, list, &err);
	if (result == XN_OK)
		xn_api_json(call->request, 200,
		    json_pack("{s:I}", "stored", (json_int_t)json_array_size(list)));
	else
		xn_api_fail(call->request, &err);
	json_decref(body);
}
