/* Making a report: what all kinds have in common, and what each says on its face. */
#include "orchestrator/reports/making.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_SIZE 1024

struct kind {
	const char *word, *letter;
	int (*fill)(struct xn_making *making, struct xn_error *err);
	const char *title[XN_LANGUAGE_COUNT];
};

#define KIND(name, word, letter, function, vi, en) [name] = {word, letter, function, {vi, en}},
static const struct kind kinds[] = {XN_REPORTS(KIND)};

const char *
xn_report_word(enum xn_report_kind kind)
{
	return kinds[kind].word;
}

int
xn_report_kind_of(const char *word, enum xn_report_kind *ret_kind, struct xn_error *err)
{
	char all[192] = "";

	for (enum xn_report_kind kind = 0; kind < XN_REPORT_COUNT; kind++) {
		size_t used = strlen(all);

		if (strcmp(word, kinds[kind].word) == 0 ||
		    strcasecmp(word, kinds[kind].letter) == 0) {
			*ret_kind = kind;
			return XN_OK;
		}
		snprintf(all + used, sizeof(all) - used, "%s%s", used == 0 ? "" : ", ",
		    kinds[kind].word);
	}
	return xn_fail(err, XN_EINVALID, "'%.32s' is no report: %s", word, all);
}

/* ---- reading, so that it is hashed ---- */

void
xn_making_note(struct xn_making *making, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	gnutls_hash(
	    making->slice, line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
	gnutls_hash(making->slice, "\n", 1);
}

static void
note_amount(struct xn_making *making, enum xn_account account, xn_instant start, const char *name,
    const char *subject, const struct xn_amount *amount)
{
	xn_making_note(making, "%s|%lld|%s|%s|%lld|%lld|%lld|%lld|%lld|%d|%u",
	    xn_account_word(account), (long long)start.ms, name == NULL ? "" : name,
	    subject == NULL ? "" : subject, (long long)amount->energy.mj,
	    (long long)amount->overhead.mj, (long long)amount->estimated.mj,
	    (long long)amount->covered.ms, (long long)amount->span.ms, (int)amount->worst,
	    amount->events);
}

struct reading {
	struct xn_making *making;
	xn_each_row *each;
	void *context;
};

static int
hash_row(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct reading *reading = context;

	note_amount(
	    reading->making, row->account, row->start, row->name, row->subject, &row->amount);
	return reading->each(row, reading->context, err);
}

int
xn_making_entries(struct xn_making *making, const struct xn_books_query *query, xn_each_row *each,
    void *context, struct xn_error *err)
{
	struct reading reading = {making, each, context};
	struct xn_books_query whole = *query;

	if (whole.to.ms == 0) {
		whole.from = making->period.from;
		whole.to = making->period.to;
	}
	whole.as_of = making->as_of;
	return xn_books_entries(making->books, &whole, hash_row, &reading, err);
}

static int
add_row(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	(void)err;
	xn_amount_add(context, &row->amount);
	return XN_OK;
}

int
xn_making_sum(struct xn_making *making, uint64_t accounts, const char *platform, const char *agency,
    struct xn_amount *ret_amount, struct xn_error *err)
{
	struct xn_books_query query = {.accounts = accounts,
	    .step = XN_BOOKS_TOTAL,
	    .whole = platform == NULL && agency == NULL,
	    .platform = platform,
	    .agency = agency};

	*ret_amount = (struct xn_amount){0};
	return xn_making_entries(making, &query, add_row, ret_amount, err);
}

struct activities {
	struct xn_making *making;
	int (*each)(const struct xn_books_activity *row, void *context, struct xn_error *err);
	void *context;
};

static int
hash_activity(const struct xn_books_activity *row, void *context, struct xn_error *err)
{
	struct activities *reading = context;

	if (row->revision > reading->making->as_of)
		return XN_OK;
	xn_making_note(reading->making, "activity|%s|%lld|%lld|%lld|%s",
	    xn_activity_word(row->kind), (long long)row->start.ms, (long long)row->end.ms,
	    (long long)row->milli, row->about);
	return reading->each(row, reading->context, err);
}

int
xn_making_activities(struct xn_making *making,
    int (*each)(const struct xn_books_activity *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	struct activities reading = {making, each, context};

	return xn_books_activities(
	    making->books, making->period.from, making->period.to, hash_activity, &reading, err);
}

struct one_kind {
	enum xn_activity kind;
	int64_t milli;
	unsigned count;
};

static int
add_activity(const struct xn_books_activity *row, void *context, struct xn_error *err)
{
	struct one_kind *sum = context;

	(void)err;
	if (row->kind == sum->kind) {
		sum->milli += row->milli;
		sum->count++;
	}
	return XN_OK;
}

int
xn_making_activity(struct xn_making *making, enum xn_activity kind, int64_t *ret_milli,
    unsigned *ret_count, struct xn_error *err)
{
	struct one_kind sum = {.kind = kind};
	int result = xn_making_activities(making, add_activity, &sum, err);

	*ret_milli = sum.milli;
	*ret_count = sum.count;
	return result;
}

/* ---- remarks ---- */

void
xn_remark(struct xn_making *making, bool warning, const char *vi, const char *en)
{
	xn_document_remark(making->document, warning, vi, en);
}

void
xn_remark_number(struct xn_making *making, bool warning, const char *vi, const char *en,
    int64_t scaled, int decimals)
{
	const struct xn_field field = {.kind = XN_FIELD_NUMBER, .decimals = decimals};
	const struct xn_cell cell = {.scaled = scaled};
	const char *formats[XN_LANGUAGE_COUNT] = {vi, en};
	char *texts[XN_LANGUAGE_COUNT];

	for (enum xn_language l = 0; l < XN_LANGUAGE_COUNT; l++) {
		char number[XN_NUMBER_TEXT_MAX];
		const char *hole = strstr(formats[l], "%s");

		xn_document_number(number, sizeof(number), &field, &cell, l, true);
		texts[l] = xn_text(making->arena, "%.*s%s%s", (int)(hole - formats[l]), formats[l],
		    number, hole + 2);
	}
	xn_remark(making, warning, texts[XN_LANGUAGE_VI], texts[XN_LANGUAGE_EN]);
}

void
xn_remark_incomplete(struct xn_making *making, const char *vi, const char *en)
{
	xn_remark(making, true, vi, en);
	making->document->complete = false;
}

/* ---- the face ---- */

static int
hold_row(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct xn_making *making = context;

	(void)err;
	/* Accounts of one interval follow each other: its time counts once. */
	if (row->start.ms >= making->booked.ms) {
		making->held.ms += xn_since(row->end, row->start).ms;
		making->booked = row->end;
	}
	xn_amount_add(&making->supplied, &row->amount);
	return XN_OK;
}

/* What the sources gave, and for how much of the period there is anything at all. */
static int
survey(struct xn_making *making, struct xn_error *err)
{
	struct xn_books_query query = {
	    .accounts = XN_SOURCES, .step = XN_BOOKS_INTERVAL, .whole = true};
	int result;

	making->booked = making->period.from;
	result = xn_making_entries(making, &query, hold_row, making, err);
	if (result == XN_OK && making->held.ms == 0)
		return xn_fail(
		    err, XN_ENOTFOUND, "the books have nothing of %s", making->period.name);
	return result;
}

static void
say_time(struct xn_making *making)
{
	int64_t all = xn_since(making->period.to, making->period.from).ms;
	int64_t held = xn_share(making->held.ms, all, 10000);

	if (making->booked.ms < making->period.to.ms) {
		char at[XN_TIME_TEXT_MAX];

		xn_document_time(at, making->document, XN_FIELD_INSTANT, making->booked.ms);
		xn_remark_incomplete(making,
		    xn_text(
			making->arena, "TẠM TÍNH: kỳ báo cáo chưa kết thúc, số liệu đến %s", at),
		    xn_text(making->arena,
			"INTERIM: the period is not over in the books, data until %s", at));
	}
	if (held < 10000)
		making->document->complete = false;
	xn_remark_number(making, held < 10000, "Thời gian có số liệu: %s % của kỳ báo cáo",
	    "Time with entries: %s % of the period", held, 2);
}

static void
say_quality(struct xn_making *making)
{
	const struct xn_amount *all = &making->supplied;
	int64_t energy = xn_magnitude(all->energy).mj;
	int64_t coverage = all->span.ms == 0 ? 0 : xn_share(all->covered.ms, all->span.ms, 10000);
	int64_t estimated = energy == 0 ? 0 : xn_share(all->estimated.mj, energy, 10000);

	xn_remark_number(making, coverage < XN_COVERAGE_LEAST,
	    "Mức độ đầy đủ dữ liệu: %s % thời gian được đo",
	    "Data coverage: %s % of the time was measured", coverage, 2);
	xn_remark_number(making, estimated > XN_ESTIMATED_MOST, "Phần ước tính: %s % điện năng",
	    "Estimated: %s % of the energy", estimated, 2);
	if (coverage < XN_COVERAGE_LEAST || estimated > XN_ESTIMATED_MOST)
		xn_remark_incomplete(making,
		    "KHÔNG ĐẦY ĐỦ: độ đầy đủ dưới 95 % hoặc phần ước tính trên 5 %",
		    "INCOMPLETE: coverage below 95 % or more than 5 % estimated");
}

static int
say_face(struct xn_making *making, struct xn_error *err)
{
	struct xn_amount unexplained;
	int64_t energy = xn_magnitude(making->supplied.energy).mj;
	int result = xn_making_sum(
	    making, XN_ACCOUNT_BIT(XN_ACCOUNT_UNEXPLAINED), NULL, NULL, &unexplained, err);

	if (result != XN_OK)
		return result;
	say_time(making);
	say_quality(making);
	if (energy > 0)
		xn_remark_number(making, false, "Điện năng không giải thích được: %s %",
		    "Unexplained energy: %s %",
		    xn_share(xn_magnitude(unexplained.energy).mj, energy, 10000), 2);
	return XN_OK;
}

/* ---- config ---- */

struct config {
	gnutls_hash_hd_t hash;
};

static int
hash_meter(const struct xn_books_meter *row, void *context, struct xn_error *err)
{
	struct config *config = context;
	char line[LINE_SIZE];
	int length;

	(void)err;
	length = snprintf(line, sizeof(line), "meter|%s|%d|%s|%s|%s|%lld|%lld|%s|%s\n", row->name,
	    row->role, row->rack, row->host, row->feed, (long long)row->accuracy.ppm,
	    (long long)row->transformer.ppm, row->calibrated, row->certificate);
	gnutls_hash(
	    config->hash, line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
	return XN_OK;
}

/* The meter map, the energy plans in force in the period's months, and the facts. */
static int
hash_config(struct xn_making *making, char ret_config[XN_SHA256_TEXT_SIZE], struct xn_error *err)
{
	struct config config;
	unsigned char digest[XN_SHA256_SIZE];
	int result;

	if (gnutls_hash_init(&config.hash, GNUTLS_DIG_SHA256) < 0)
		abort();
	result = xn_books_meters(making->books, hash_meter, &config, err);
	for (xn_instant at = making->period.from; result == XN_OK && at.ms < making->period.to.ms;
	     at = xn_month_next(at, making->site->utc_offset_s)) {
		struct xn_error why = {0};
		char *text = NULL;

		result = xn_books_energy_plan(making->books, at, &text, &why);
		if (result == XN_OK)
			gnutls_hash(config.hash, text, strlen(text) + 1);
		else if (result == XN_ENOTFOUND)
			result = XN_OK;
		else
			xn_fail(err, why.code, "%s", why.text);
		free(text);
	}
	gnutls_hash(config.hash, making->order->facts->text, making->order->facts->size);
	gnutls_hash_deinit(config.hash, digest);
	for (unsigned i = 0; i < XN_SHA256_SIZE; i++)
		snprintf(ret_config + (size_t)2 * i, 3, "%02x", digest[i]);
	return result;
}

/* ---- all of it ---- */

static void
begin(struct xn_making *making)
{
	struct xn_document *document = xn_document_new(making->arena);
	const struct xn_report_order *order = making->order;
	const struct kind *kind = &kinds[order->kind];
	const struct xn_books_site *site = making->site;

	document->kind = kind->word;
	document->id = xn_text(making->arena, "%s/%s/%s%s%s", site->name, kind->word,
	    order->period.name, order->platform != NULL || order->agency != NULL ? "/" : "",
	    order->platform != NULL     ? order->platform
		: order->agency != NULL ? order->agency
					: "");
	document->revision = order->revision;
	document->state = order->state;
	document->as_of = making->as_of;
	document->complete = true;
	document->from = order->period.from;
	document->to = order->period.to;
	document->utc_offset_s = site->utc_offset_s;
	for (enum xn_language l = 0; l < XN_LANGUAGE_COUNT; l++) {
		const char *title = l == XN_LANGUAGE_VI ? site->title_vi : site->title_en;

		document->title[l] =
		    xn_text(making->arena, "%s (%s)", kind->title[l], kind->letter);
		document->site[l] = title[0] != '\0' ? title : site->name;
	}
	making->document = document;
}

static int
fill(struct xn_making *making, char ret_config[XN_SHA256_TEXT_SIZE], struct xn_error *err)
{
	int result = survey(making, err);

	if (result == XN_OK)
		result = say_face(making, err);
	if (result == XN_OK)
		result = kinds[making->order->kind].fill(making, err);
	if (result == XN_OK)
		result = hash_config(making, ret_config, err);
	return result;
}

int
xn_report_make(struct xn_books *books, const struct xn_report_order *order, struct xn_arena *arena,
    struct xn_document **ret_document, char ret_config[XN_SHA256_TEXT_SIZE], struct xn_error *err)
{
	struct xn_making making = {.order = order,
	    .books = books,
	    .site = xn_books_site(books),
	    .arena = arena,
	    .period = order->period,
	    .as_of = order->as_of};
	unsigned char digest[XN_SHA256_SIZE];
	char *slice;
	int result = xn_books_hold(books, err);

	if (result != XN_OK)
		return result;
	if (making.as_of == 0)
		making.as_of = xn_books_newest(books);
	if (gnutls_hash_init(&making.slice, GNUTLS_DIG_SHA256) < 0)
		abort();
	begin(&making);
	result = fill(&making, ret_config, err);
	xn_books_release(books);
	gnutls_hash_deinit(making.slice, digest);
	if (result != XN_OK)
		return xn_wrap(err, "%s %s", kinds[order->kind].word, order->period.name);
	slice = xn_new(arena, char, XN_SHA256_TEXT_SIZE);
	for (unsigned i = 0; i < XN_SHA256_SIZE; i++)
		snprintf(slice + (size_t)2 * i, 3, "%02x", digest[i]);
	making.document->slice = slice;
	*ret_document = making.document;
	return XN_OK;
}
