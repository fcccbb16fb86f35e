#include "orchestrator/reports/job.h"

#include <dirent.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/reports/bundle.h"

#define PATH_SIZE  4096
#define FACT_ARENA ((size_t)64 << 20)
#define FILE_MAX   ((size_t)1 << 30)

const char *const xn_report_parameters[] = {"kind", "period", "window", "from", "to", "format",
    "language", "platform", "agency", "table", "draft", "name", "id", "reference", "every", "day",
    "time", "folder", "freeze", NULL};

static const char *
get(const struct xn_report_job *job, const char *name)
{
	const char *value = job->parameter(job->context, name);

	return value != NULL && value[0] == '\0' && strcmp(name, "draft") != 0 &&
		strcmp(name, "freeze") != 0
	    ? NULL
	    : value;
}

void
xn_report_forget(struct xn_report_answer *answer)
{
	json_decref(answer->json);
	free(answer->bytes);
	*answer = (struct xn_report_answer){0};
}

/* ---- what is asked for ---- */

int
xn_report_period_of(const struct xn_report_job *job, struct xn_books *books,
    struct xn_period *ret_period, struct xn_error *err)
{
	const char *period = get(job, "period"), *window = get(job, "window");
	const char *from = get(job, "from"), *to = get(job, "to");
	struct xn_period_place place = {.utc_offset_s = xn_books_site(books)->utc_offset_s};
	xn_instant first;

	if (xn_books_range(books, &first, &place.now, err) != XN_OK)
		return (int)err->code;
	if (period != NULL || window != NULL)
		return xn_period_parse(period != NULL ? period : window, &place, ret_period, err);
	if (from != NULL && to != NULL)
		return xn_period_between(from, to, &place, ret_period, err);
	return xn_fail(
	    err, XN_EINVALID, "say which time: --period 2026-11, --window 30d, or --from and --to");
}

static int
read_facts(const struct xn_report_job *job, struct xn_arena *arena,
    const struct xn_facts **ret_facts, struct xn_error *err)
{
	struct xn_facts *facts = xn_new(arena, struct xn_facts, 1);
	struct xn_problems problems;
	int result;

	xn_problems_init(&problems, arena);
	result = xn_facts_read(arena, get(job, "facts"), job->state, &problems, facts, err);
	if (result == XN_OK && problems.count > 0)
		result = xn_fail(err, XN_EINVALID, "facts, line %d: %s",
		    (int)problems.first->mark.line, problems.first->text);
	*ret_facts = facts;
	return result;
}

int
xn_report_order_of(const struct xn_report_job *job, struct xn_books *books, struct xn_arena *arena,
    struct xn_export *ret_export, struct xn_error *err)
{
	const char *kind = get(job, "kind"), *format = get(job, "format");
	const char *language = get(job, "language");
	struct xn_export export = {.state = job->state,
	    .signer = job->signer,
	    .order = {.platform = get(job, "platform"),
		.agency = get(job, "agency"),
		.state = "draft"},
	    .format = XN_REPORT_JSON,
	    .language = XN_LANGUAGE_VI,
	    .table = get(job, "table"),
	    .draft = get(job, "draft") != NULL,
	    .progress = job->progress,
	    .context = job->progress_context};
	int result;

	if (kind == NULL)
		kind = "";
	result = xn_report_kind_of(kind, &export.order.kind, err);
	if (result == XN_OK && format != NULL)
		result = xn_report_format_of(format, &export.format, err);
	if (result == XN_OK && language != NULL)
		result = xn_report_language_of(language, &export.language, err);
	if (result == XN_OK && (export.order.platform != NULL || export.order.agency != NULL) &&
	    export.order.kind != XN_REPORT_STATEMENT)
		result = xn_fail(
		    err, XN_EINVALID, "--platform and --agency are for the report 'statement'");
	if (result == XN_OK)
		result = xn_report_period_of(job, books, &export.order.period, err);
	if (result == XN_OK)
		result = read_facts(job, arena, &export.order.facts, err);
	*ret_export = export;
	return result;
}

/* ---- exports ---- */

static const char *
type_of(enum xn_report_format format)
{
	static const char *const types[] = {
	    [XN_REPORT_CSV] = "text/csv; charset=utf-8; header=present",
	    [XN_REPORT_JSON] = "application/json",
	    [XN_REPORT_XLSX] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	    [XN_REPORT_PDF] = "application/pdf",
	};

	return types[format];
}

/* A file as {name, base64}. */
static int
pack_file(json_t *files, const char *folder, const char *name, struct xn_error *err)
{
	char path[PATH_SIZE], *bytes = NULL;
	gnutls_datum_t data = {0}, text = {0};
	size_t size = 0;
	int result;

	snprintf(path, sizeof(path), "%.3000s/%.1000s", folder, name);
	result = xn_file_read(path, FILE_MAX, &bytes, &size, err);
	if (result != XN_OK)
		return result;
	data = (gnutls_datum_t){.data = (unsigned char *)bytes, .size = (unsigned)size};
	if (gnutls_base64_encode2(&data, &text) < 0)
		result = xn_fail(err, XN_ESYSTEM, "%s: too large to send", name);
	else
		json_array_append_new(files,
		    json_pack("{s:s, s:s#}", "name", name, "base64", text.data, (int)text.size));
	gnutls_free(text.data);
	free(bytes);
	return result;
}

/* Takes every file of a folder into `files` (NULL: none) and removes it. */
static int
pack_folder(const char *folder, json_t *files, struct xn_error *err)
{
	DIR *dir = opendir(folder);
	int result = XN_OK;

	if (dir == NULL)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", folder, strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		if (files != NULL && result == XN_OK)
			result = pack_file(files, folder, entry->d_name, err);
		unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	rmdir(folder);
	return result;
}

/* The file with its evidence, for who is elsewhere. */
static int
export_packed(struct xn_books *books, const struct xn_export *export, const char *name,
    json_t **ret_json, struct xn_error *err)
{
	char folder[PATH_SIZE], path[PATH_SIZE];
	json_t *files = json_array();
	struct xn_error ignored;
	int result;

	if (strchr(name, '/') != NULL || name[0] == '.' || strlen(name) > 200) {
		json_decref(files);
		return xn_fail(err, XN_EINVALID, "'%.64s' is no name of a file", name);
	}
	snprintf(folder, sizeof(folder), "%.3800s/report-XXXXXX", export->state);
	if (mkdtemp(folder) == NULL) {
		json_decref(files);
		return xn_fail(err, XN_ESYSTEM, "%s: %s", folder, strerror(errno));
	}
	snprintf(path, sizeof(path), "%.3800s/%s", folder, name);
	result = xn_export_file(books, export, path, err);
	if (result == XN_OK)
		result = pack_folder(folder, files, err);
	else
		pack_folder(folder, NULL, &ignored);
	if (result == XN_OK)
		*ret_json = json_pack("{s:O}", "files", files);
	json_decref(files);
	return result;
}

static int
do_export(const struct xn_report_job *job, struct xn_books *books, struct xn_arena *arena,
    struct xn_report_answer *answer, struct xn_error *err)
{
	struct xn_export export;
	const char *name = get(job, "name");
	int result = xn_report_order_of(job, books, arena, &export, err);

	if (result != XN_OK)
		return result;
	answer->type = type_of(export.format);
	return name != NULL ? export_packed(books, &export, name, &answer->json, err)
			    : xn_export_bytes(books, &export, &answer->bytes, &answer->size, err);
}

/* ---- the archive ---- */

static json_t *
row_json(const struct xn_archive_row *row)
{
	time_t made = (time_t)(row->made.ms / 1000);
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&made, &tm));
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:I, s:s, s:s, s:s, s:s}", "id", row->id,
	    "kind", row->kind, "period", row->period, "revision", row->revision, "state",
	    row->state, "as_of", (json_int_t)row->as_of, "sha256", row->sha256, "made", text,
	    "actor", row->actor, "reference", row->reference);
}

static int
add_row(const struct xn_archive_row *row, void *context, struct xn_error *err)
{
	json_t *json = row_json(row);

	if (json == NULL)
		return xn_fail(err, XN_EINVALID, "a row of the archive is no UTF-8");
	json_array_append_new(context, json);
	return XN_OK;
}

static int
do_list(const struct xn_report_job *job, json_t **ret_json, struct xn_error *err)
{
	struct xn_archive *archive;
	int result = xn_archive_open(&archive, job->state, err);

	if (result != XN_OK)
		return result;
	*ret_json = json_array();
	result = xn_archive_list(archive, add_row, *ret_json, err);
	xn_archive_close(archive);
	return result;
}

static int
do_file(const struct xn_report_job *job, json_t **ret_json, struct xn_error *err)
{
	const char *id = get(job, "id"), *reference = get(job, "reference");
	struct xn_archive *archive;
	struct xn_archive_row row;
	int result;

	if (id == NULL || reference == NULL)
		return xn_fail(err, XN_EINVALID, "filing needs an id and a reference");
	if (strlen(reference) >= sizeof(row.reference))
		return xn_fail(err, XN_EINVALID, "the reference is too long");
	result = xn_archive_open(&archive, job->state, err);
	if (result != XN_OK)
		return result;
	result = xn_archive_file(archive, id, reference, &row, err);
	xn_archive_close(archive);
	if (result == XN_OK)
		*ret_json = row_json(&row);
	return result;
}

static int
do_freeze(const struct xn_report_job *job, struct xn_books *books, struct xn_arena *arena,
    json_t **ret_json, struct xn_error *err)
{
	struct xn_export export;
	struct xn_archive_row row;
	bool made = false;
	int result = xn_report_order_of(job, books, arena, &export, err);

	if (result == XN_OK)
		result = xn_export_freeze(books, &export, job->now, job->actor, &row, &made, err);
	if (result != XN_OK)
		return result;
	*ret_json = row_json(&row);
	json_object_set_new(*ret_json, "new", json_boolean(made));
	return XN_OK;
}

static int
do_bundle(const struct xn_report_job *job, struct xn_books *books, struct xn_arena *arena,
    json_t **ret_json, struct xn_error *err)
{
	struct xn_bundle bundle = {.state = job->state,
	    .signer = job->signer,
	    .folder = get(job, "folder"),
	    .progress = job->progress,
	    .context = job->progress_context};
	int result = xn_report_period_of(job, books, &bundle.period, err);

	if (result == XN_OK && bundle.folder == NULL)
		result = xn_fail(err, XN_EINVALID, "say where the bundle goes: --out DIR");
	if (result == XN_OK)
		result = read_facts(job, arena, &bundle.facts, err);
	if (result == XN_OK)
		result = xn_bundle_write(books, &bundle, err);
	if (result == XN_OK)
		*ret_json = json_pack("{s:s}", "folder", bundle.folder);
	return result;
}

static int
with_books(const struct xn_report_job *job, struct xn_report_answer *answer, struct xn_error *err)
{
	struct xn_books *books;
	struct xn_arena arena;
	int result = xn_books_open(&books, job->state, err);

	if (result != XN_OK)
		return result;
	xn_arena_map(&arena, FACT_ARENA);
	if (strcmp(job->action, "export") == 0)
		result = do_export(job, books, &arena, answer, err);
	else if (strcmp(job->action, "freeze") == 0)
		result = do_freeze(job, books, &arena, &answer->json, err);
	else
		result = do_bundle(job, books, &arena, &answer->json, err);
	xn_arena_unmap(&arena);
	xn_books_close(books);
	return result;
}

int
xn_report_do(
    const struct xn_report_job *job, struct xn_report_answer *ret_answer, struct xn_error *err)
{
	int result;

	*ret_answer = (struct xn_report_answer){0};
	if (strcmp(job->action, "list") == 0)
		result = do_list(job, &ret_answer->json, err);
	else if (strcmp(job->action, "file") == 0)
		result = do_file(job, &ret_answer->json, err);
	else if (strncmp(job->action, "schedule-", 9) == 0)
		result = xn_report_schedule(job, &ret_answer->json, err);
	else
		result = with_books(job, ret_answer, err);
	if (result != XN_OK)
		xn_report_forget(ret_answer);
	return result;
}
