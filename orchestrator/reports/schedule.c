/* Reports by the clock: each schedule makes the period that ended before its day of the month. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/text.h"
#include "orchestrator/reports/job.h"

#define PATH_SIZE 4096
#define DAYS_MAX  28 /* every month has it */
#define ARENA     ((size_t)64 << 20)

/* ---- list, add, remove ---- */

static int
add_row(const struct xn_schedule_row *row, void *context, struct xn_error *err)
{
	json_t *json = json_pack("{s:I, s:s, s:s, s:i, s:o, s:s, s:s, s:s, s:b, s:s, s:s}", "id",
	    (json_int_t)row->id, "kind", row->kind, "every", row->every, "day", row->day, "time",
	    json_sprintf("%02d:%02d", row->minute / 60, row->minute % 60), "format", row->formats,
	    "language", row->languages, "folder", row->folder, "freeze", row->freeze, "done",
	    row->done, "problem", row->problem);

	if (json == NULL)
		return xn_fail(err, XN_EINVALID, "a schedule is no UTF-8");
	json_array_append_new(context, json);
	return XN_OK;
}

static const char *
get(const struct xn_report_job *job, const char *name, const char *otherwise)
{
	const char *value = job->parameter(job->context, name);

	return value == NULL || value[0] == '\0' ? otherwise : value;
}

/* Checks a list "csv,pdf" with the same function that will read it. */
static int
check_words(const char *list, bool formats, struct xn_error *err)
{
	char text[64], *rest = text;
	int result = XN_OK;

	if (snprintf(text, sizeof(text), "%s", list) >= (int)sizeof(text))
		return xn_fail(err, XN_EINVALID, "'%.32s...' is too long", list);
	for (char *word; result == XN_OK && (word = strsep(&rest, ",")) != NULL;) {
		enum xn_report_format format;
		enum xn_language language;

		result = formats ? xn_report_format_of(word, &format, err)
				 : xn_report_language_of(word, &language, err);
	}
	return result;
}

static bool
take_time(const char *text, int *ret_minute)
{
	int hour, minute, used = 0;

	if (sscanf(text, "%2d:%2d%n", &hour, &minute, &used) != 2 || text[used] != '\0' ||
	    hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return false;
	*ret_minute = hour * 60 + minute;
	return true;
}

static int
check_place(const char *every, const char *folder, struct xn_error *err)
{
	struct stat status;

	if (strcmp(every, "month") != 0 && strcmp(every, "quarter") != 0 &&
	    strcmp(every, "year") != 0)
		return xn_fail(err, XN_EINVALID, "'%.32s': every month, quarter or year", every);
	if (folder[0] != '/' || strlen(folder) >= sizeof(((struct xn_schedule_row *)0)->folder))
		return xn_fail(
		    err, XN_EINVALID, "say where the files go: --folder with a path from the root");
	if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode))
		return xn_fail(err, XN_EINVALID, "%s: is no folder", folder);
	return XN_OK;
}

static int
fill_row(const struct xn_report_job *job, struct xn_schedule_row *row, struct xn_error *err)
{
	const char *kind = get(job, "kind", ""), *every = get(job, "every", "month");
	const char *formats = get(job, "format", "csv,pdf");
	const char *languages = get(job, "language", "vi");
	const char *folder = get(job, "folder", "");
	enum xn_report_kind known;
	int64_t day;
	int result = XN_OK;

	if (strcmp(kind, "all") != 0)
		result = xn_report_kind_of(kind, &known, err);
	if (result == XN_OK)
		result = check_words(formats, true, err);
	if (result == XN_OK)
		result = check_words(languages, false, err);
	if (result == XN_OK)
		result = check_place(every, folder, err);
	if (result == XN_OK && !xn_text_number(get(job, "day", "3"), 1, DAYS_MAX, &day))
		result = xn_fail(err, XN_EINVALID, "--day is 1 to %d", DAYS_MAX);
	if (result == XN_OK && !take_time(get(job, "time", "02:00"), &row->minute))
		result = xn_fail(err, XN_EINVALID, "--time is like 02:00");
	if (result != XN_OK)
		return result;
	row->day = (int)day;
	row->freeze = job->parameter(job->context, "freeze") != NULL;
	snprintf(row->kind, sizeof(row->kind), "%s", kind);
	snprintf(row->every, sizeof(row->every), "%s", every);
	snprintf(row->formats, sizeof(row->formats), "%s", formats);
	snprintf(row->languages, sizeof(row->languages), "%.15s", languages);
	snprintf(row->folder, sizeof(row->folder), "%s", folder);
	return XN_OK;
}

/* ---- what is due ---- */

/* The period that a schedule last became due for, by the clock. */
static int
due_period(const struct xn_schedule_row *row, xn_instant now, int utc_offset_s,
    struct xn_period *ret_period, struct xn_error *err)
{
	const struct xn_period_place place = {.utc_offset_s = utc_offset_s, .now = now};
	xn_instant month = xn_month_start(now, utc_offset_s);
	int64_t into = (row->day - 1) * INT64_C(86400000) + row->minute * INT64_C(60000);
	struct xn_date date;
	char text[XN_PERIOD_NAME_SIZE];

	/* The month whose due instant was the last one, and from it the period before. */
	if (month.ms + into > now.ms)
		month = xn_month_start((xn_instant){month.ms - 1}, utc_offset_s);
	date = xn_date_of((xn_instant){month.ms - 1}, utc_offset_s);
	if (strcmp(row->every, "month") == 0)
		snprintf(text, sizeof(text), "%04d-%02d", date.year, date.month);
	else if (strcmp(row->every, "quarter") == 0)
		snprintf(text, sizeof(text), "%04d-Q%d", date.month < 3 ? date.year - 1 : date.year,
		    date.month < 3 ? 4 : date.month / 3);
	else
		snprintf(text, sizeof(text), "%04d", date.month == 12 ? date.year : date.year - 1);
	return xn_period_parse(text, &place, ret_period, err);
}

struct due {
	struct xn_books *books;
	struct xn_archive *archive;
	struct xn_arena arena;
	const char *state;
	struct xn_signer *signer;
	xn_instant now;
	unsigned made;
	struct xn_schedule_row rows[XN_SCHEDULES_MAX];
	unsigned count;
};

static int
make_file(struct due *due, const struct xn_schedule_row *row, struct xn_export *export,
    struct xn_error *err)
{
	char folder[PATH_SIZE / 4], path[PATH_SIZE];

	snprintf(folder, sizeof(folder), "%s/%s", row->folder, export->order.period.name);
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", folder, strerror(errno));
	snprintf(path, sizeof(path), "%s/%s-%s%s%s.%s", folder, xn_report_word(export->order.kind),
	    export->order.period.name, xn_report_speaks(export->format) ? "-" : "",
	    xn_report_speaks(export->format) ? xn_report_language_word(export->language) : "",
	    xn_report_format_word(export->format));
	due->made++;
	return xn_export_file(due->books, export, path, err);
}

static int
make_formats(struct due *due, const struct xn_schedule_row *row, struct xn_export *export,
    struct xn_error *err)
{
	char formats[sizeof(row->formats)], *rest = formats;
	int result = XN_OK;

	strcpy(formats, row->formats);
	for (char *word; result == XN_OK && (word = strsep(&rest, ",")) != NULL;) {
		char languages[sizeof(row->languages)], *more = languages;

		result = xn_report_format_of(word, &export->format, err);
		strcpy(languages, row->languages);
		for (char *language; result == XN_OK && (language = strsep(&more, ",")) != NULL;) {
			result = xn_report_language_of(language, &export->language, err);
			if (result == XN_OK)
				result = make_file(due, row, export, err);
			if (!xn_report_speaks(export->format))
				break;
		}
	}
	return result;
}

static int
make_kind(struct due *due, const struct xn_schedule_row *row, struct xn_export *export,
    struct xn_error *err)
{
	struct xn_archive_row frozen;
	bool made;
	int result = XN_OK;

	if (row->freeze)
		result =
		    xn_export_freeze(due->books, export, due->now, "schedule", &frozen, &made, err);
	return result == XN_OK ? make_formats(due, row, export, err) : result;
}

static int
make_schedule(struct due *due, const struct xn_schedule_row *row, const struct xn_period *period,
    struct xn_error *err)
{
	struct xn_facts facts;
	struct xn_problems problems;
	struct xn_export export = {.state = due->state,
	    .signer = due->signer,
	    .order = {.period = *period, .state = "draft", .facts = &facts}};
	int result;

	xn_problems_init(&problems, &due->arena);
	result = xn_facts_read(&due->arena, NULL, due->state, &problems, &facts, err);
	if (result == XN_OK && problems.count > 0)
		result = xn_fail(err, XN_EINVALID, "%s has problems", XN_FACTS_FILE);
	if (result == XN_OK && strcmp(row->kind, "all") != 0) {
		result = xn_report_kind_of(row->kind, &export.order.kind, err);
		return result == XN_OK ? make_kind(due, row, &export, err) : result;
	}
	for (enum xn_report_kind kind = 0; kind < XN_REPORT_COUNT && result == XN_OK; kind++) {
		export.order.kind = kind;
		result = make_kind(due, row, &export, err);
	}
	return result;
}

static int
collect(const struct xn_schedule_row *row, void *context, struct xn_error *err)
{
	struct due *due = context;

	if (due->count == XN_SCHEDULES_MAX)
		return xn_fail(err, XN_EFULL, "more than %d schedules", XN_SCHEDULES_MAX);
	due->rows[due->count++] = *row;
	return XN_OK;
}

static int
run_schedules(struct due *due, struct xn_error *err)
{
	int utc_offset_s = xn_books_site(due->books)->utc_offset_s;
	int result = xn_archive_schedules(due->archive, collect, due, err);

	for (unsigned i = 0; i < due->count && result == XN_OK; i++) {
		struct xn_schedule_row *row = &due->rows[i];
		struct xn_period period;
		struct xn_error why = {0};

		result = due_period(row, due->now, utc_offset_s, &period, err);
		if (result != XN_OK || strcmp(period.name, row->done) == 0)
			continue;
		xn_arena_reset(&due->arena);
		make_schedule(due, row, &period, &why);
		/* A failure is not tried every minute: its reason stands in the list. */
		result =
		    xn_archive_schedule_done(due->archive, row->id, period.name, why.text, err);
	}
	return result;
}

int
xn_report_due(const char *state, struct xn_signer *signer, xn_instant now, unsigned *ret_made,
    struct xn_error *err)
{
	struct due *due = calloc(1, sizeof(*due));
	int result;

	if (due == NULL)
		abort();
	*due = (struct due){.state = state, .signer = signer, .now = now};
	xn_arena_map(&due->arena, ARENA);
	result = xn_books_open(&due->books, state, err);
	if (result == XN_OK)
		result = xn_archive_open(&due->archive, state, err);
	if (result == XN_OK)
		result = run_schedules(due, err);
	*ret_made = due->made;
	xn_archive_close(due->archive);
	xn_books_close(due->books);
	xn_arena_unmap(&due->arena);
	free(due);
	return result;
}

/* ---- the actions ---- */

static int
add(const struct xn_report_job *job, struct xn_archive *archive, json_t **ret_answer,
    struct xn_error *err)
{
	struct xn_schedule_row row = {0};
	struct xn_period period;
	struct xn_books *books;
	int64_t id;
	int result = fill_row(job, &row, err);

	if (result == XN_OK)
		result = xn_books_open(&books, job->state, err);
	if (result != XN_OK)
		return result;
	/* It begins with the next time it is due, not with what is past. */
	result = due_period(&row, job->now, xn_books_site(books)->utc_offset_s, &period, err);
	xn_books_close(books);
	if (result == XN_OK) {
		snprintf(row.done, sizeof(row.done), "%s", period.name);
		result = xn_archive_schedule_add(archive, &row, &id, err);
	}
	if (result == XN_OK)
		*ret_answer = json_pack("{s:I}", "id", (json_int_t)id);
	return result;
}

int
xn_report_schedule(const struct xn_report_job *job, json_t **ret_answer, struct xn_error *err)
{
	const char *action = job->action + strlen("schedule-");
	struct xn_archive *archive;
	int64_t id;
	int result = xn_archive_open(&archive, job->state, err);

	if (result != XN_OK)
		return result;
	if (strcmp(action, "add") == 0) {
		result = add(job, archive, ret_answer, err);
	} else if (strcmp(action, "remove") == 0) {
		result = xn_text_number(get(job, "id", ""), 1, INT64_MAX, &id)
		    ? xn_archive_schedule_remove(archive, id, err)
		    : xn_fail(err, XN_EINVALID, "which schedule? its number is in the list");
		*ret_answer = json_object();
	} else {
		*ret_answer = json_array();
		result = xn_archive_schedules(archive, add_row, *ret_answer, err);
	}
	xn_archive_close(archive);
	return result;
}
