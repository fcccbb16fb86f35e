#include "orchestrator/reports/freeze.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE XN_REPORT_PATH

/* ---- names ---- */

/* "SITE/KIND/PERIOD" with the platform or agency that it is only of. */
static void
name_report(struct xn_books *books, const struct xn_report_order *order, char ret_id[XN_ARCHIVE_ID])
{
	const char *only = order->platform != NULL ? order->platform : order->agency;

	snprintf(ret_id, XN_ARCHIVE_ID, "%.64s/%s/%s%s%.64s", xn_books_site(books)->name,
	    xn_report_word(order->kind), order->period.name, only == NULL ? "" : "/",
	    only == NULL ? "" : only);
}

static void
place(struct xn_frozen *frozen, const struct xn_export *export, int revision)
{
	const struct xn_report_order *order = &export->order;
	const char *only = order->platform != NULL ? order->platform : order->agency;

	snprintf(frozen->stem, sizeof(frozen->stem), "%s-%s%s%.64s", xn_report_word(order->kind),
	    order->period.name, only == NULL ? "" : "-", only == NULL ? "" : only);
	snprintf(frozen->folder, sizeof(frozen->folder), "%.1024s/reports/%s/%s/r%d", export->state,
	    xn_report_word(order->kind), frozen->stem, revision);
}

int
xn_frozen_find(struct xn_archive *archive, struct xn_books *books, const struct xn_export *export,
    struct xn_frozen *ret_frozen, struct xn_error *err)
{
	char id[XN_ARCHIVE_ID];
	int result;

	name_report(books, &export->order, id);
	result = xn_archive_newest(archive, id, &ret_frozen->row, err);
	if (result == XN_OK)
		place(ret_frozen, export, ret_frozen->row.revision);
	return result;
}

void
xn_frozen_name(const struct xn_frozen *frozen, enum xn_report_format format,
    enum xn_language language, const char *table, char *ret_name, size_t size)
{
	bool speaks = xn_report_speaks(format);

	snprintf(ret_name, size, "%s%s%s%s%s.%s", frozen->stem, speaks ? "-" : "",
	    speaks ? xn_report_language_word(language) : "", table == NULL ? "" : "-",
	    table == NULL ? "" : table, xn_report_format_word(format));
}

int
xn_frozen_path(const struct xn_frozen *frozen, const struct xn_export *export,
    char ret_path[XN_REPORT_PATH], struct xn_error *err)
{
	char name[512];

	xn_frozen_name(frozen, export->format, export->language, export->table, name, sizeof(name));
	snprintf(ret_path, PATH_SIZE, "%s/%s", frozen->folder, name);
	return access(ret_path, R_OK) == 0
	    ? XN_OK
	    : xn_fail(err, XN_EINVALID, "%s: %s is not one of its files", frozen->row.id, name);
}

/* ---- copies ---- */

static int
copy(const char *folder, const char *name, const char *to, struct xn_error *err)
{
	char path[PATH_SIZE], *bytes;
	size_t size;
	int result;

	snprintf(path, sizeof(path), "%.1600s/%.400s", folder, name);
	result = xn_file_read(path, XN_FROZEN_BYTES, &bytes, &size, err);
	if (result != XN_OK)
		return result;
	result = xn_file_write(to, bytes, size, err);
	free(bytes);
	return result;
}

static int
copy_beside(const struct xn_frozen *frozen, const char *name, const char *path, const char *ending,
    struct xn_error *err)
{
	char to[PATH_SIZE];

	snprintf(to, sizeof(to), "%.1900s%s", path, ending);
	return copy(frozen->folder, name, to, err);
}

/* The sums of a copy have the copy's names. */
static int
sum_copy(const char *path, bool is_csv, struct xn_error *err)
{
	static const char *const endings[] = {
	    "", "-metadata.json", ".manifest.json", ".manifest.p7s"};
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char *text = NULL, to[PATH_SIZE];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int result = XN_OK;

	if (out == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory");
	for (unsigned i = 0; i < 4; i++) {
		char sum[XN_SHA256_TEXT_SIZE];
		uint64_t length;

		snprintf(to, sizeof(to), "%.1900s%s", path, endings[i]);
		if ((i == 1 && !is_csv) || (i == 3 && access(to, F_OK) != 0) || result != XN_OK)
			continue;
		result = xn_sha256_file(to, sum, &length, err);
		fprintf(out, "%s  %s%s\n", sum, name, endings[i]);
	}
	fclose(out);
	snprintf(to, sizeof(to), "%.1900s.SHA256SUMS", path);
	if (result == XN_OK)
		result = xn_file_write(to, text, size, err);
	free(text);
	return result;
}

int
xn_frozen_copy(const struct xn_frozen *frozen, const struct xn_export *export, const char *path,
    struct xn_error *err)
{
	bool is_csv = export->format == XN_REPORT_CSV;
	char name[PATH_SIZE], signature[PATH_SIZE];
	int result = xn_frozen_path(frozen, export, name, err);

	if (result != XN_OK)
		return result;
	xn_frozen_name(frozen, export->format, export->language, export->table, name, sizeof(name));
	result = copy(frozen->folder, name, path, err);
	if (result == XN_OK && is_csv) {
		strcat(name, "-metadata.json");
		result = copy_beside(frozen, name, path, "-metadata.json", err);
	}
	if (result == XN_OK)
		result = copy_beside(frozen, "manifest.json", path, ".manifest.json", err);
	snprintf(signature, sizeof(signature), "%s/manifest.p7s", frozen->folder);
	if (result == XN_OK && access(signature, F_OK) == 0)
		result = copy_beside(frozen, "manifest.p7s", path, ".manifest.p7s", err);
	return result == XN_OK ? sum_copy(path, is_csv, err) : result;
}

/* ---- freezing ---- */

struct freezing {
	struct xn_export export; /* with as_of, revision and state set */
	struct xn_archive *archive;
	struct xn_arena arena;
	struct xn_document *document;
	struct xn_frozen before, now;
	bool has_before;
	char part[1600]; /* the folder while it is written */
	struct xn_manifest *manifest;
	struct xn_error *err;
};

static int
make_folders(const char *path, struct xn_error *err)
{
	char made[PATH_SIZE];

	snprintf(made, sizeof(made), "%s", path);
	for (char *slash = strchr(made + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(made, 0755) != 0 && errno != EEXIST)
			return xn_fail(err, XN_ESYSTEM, "%s: %s", made, strerror(errno));
		if (slash == NULL)
			return XN_OK;
		*slash = '/';
	}
}

static int
put(struct freezing *f, const char *name, const char *bytes, size_t size)
{
	char path[PATH_SIZE];
	int result;

	snprintf(path, sizeof(path), "%.1600s/%.400s", f->part, name);
	result = xn_file_write(path, bytes, size, f->err);
	return result == XN_OK ? xn_manifest_add(f->manifest, f->part, name, f->err) : result;
}

/* Prints to memory, then to the file. */
static int
print(struct freezing *f, const char *name, enum xn_report_format format, enum xn_language language,
    const struct xn_table *table, bool metadata)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);
	int result;

	if (out == NULL)
		return xn_fail(f->err, XN_ESYSTEM, "no memory");
	if (f->export.progress != NULL)
		f->export.progress(f->export.context, name);
	if (metadata) {
		char csv[512];

		snprintf(
		    csv, sizeof(csv), "%.*s", (int)(strlen(name) - strlen("-metadata.json")), name);
		result = xn_report_csvw(f->document, table, csv, out, f->err);
	} else if (format == XN_REPORT_CSV) {
		result = xn_report_csv(f->document, table, out, f->err);
	} else {
		result = xn_report_print(f->document, format, language, out, f->err);
	}
	if (fclose(out) != 0 && result == XN_OK)
		result = xn_fail(f->err, XN_ESYSTEM, "no memory");
	if (result == XN_OK)
		result = put(f, name, bytes, size);
	free(bytes);
	return result;
}

static int
print_tables(struct freezing *f)
{
	int result = XN_OK;

	for (const struct xn_table *table = f->document->tables; table != NULL && result == XN_OK;
	     table = table->next) {
		char name[512];

		xn_frozen_name(&f->now, XN_REPORT_CSV, 0,
		    table == f->document->tables ? NULL : table->name, name,
		    sizeof(name) - sizeof("-metadata.json"));
		result = print(f, name, XN_REPORT_CSV, 0, table, false);
		strcat(name, "-metadata.json");
		if (result == XN_OK)
			result = print(f, name, XN_REPORT_CSV, 0, table, true);
	}
	return result;
}

static int
print_all(struct freezing *f)
{
	static const enum xn_report_format formats[] = {
	    XN_REPORT_JSON, XN_REPORT_XLSX, XN_REPORT_PDF};
	int result = print_tables(f);

	for (unsigned i = 0; i < 3; i++)
		for (enum xn_language l = 0; l < XN_LANGUAGE_COUNT && result == XN_OK; l++) {
			char name[512];

			if (l > 0 && !xn_report_speaks(formats[i]))
				continue;
			xn_frozen_name(&f->now, formats[i], l, NULL, name, sizeof(name));
			result = print(f, name, formats[i], l, NULL, false);
		}
	if (result == XN_OK && f->export.order.facts->size > 0)
		result =
		    put(f, XN_FACTS_FILE, f->export.order.facts->text, f->export.order.facts->size);
	return result;
}

/* The row, after the folder: a folder without a row is overwritten by the next try. */
static int
keep(struct freezing *f, const char *config, xn_instant at, const char *actor,
    struct xn_archive_row *ret_row)
{
	struct xn_archive_row *row = &f->now.row;
	char path[PATH_SIZE], *manifest = NULL, *signature = NULL;
	size_t size = 0, signature_size = 0;
	int result;

	snprintf(row->id, sizeof(row->id), "%.280s/r%d", f->document->id, f->document->revision);
	snprintf(row->kind, sizeof(row->kind), "%s", f->document->kind);
	snprintf(row->period, sizeof(row->period), "%s", f->export.order.period.name);
	snprintf(row->actor, sizeof(row->actor), "%s", actor);
	snprintf(row->config, sizeof(row->config), "%s", config);
	snprintf(row->slice, sizeof(row->slice), "%s", f->document->slice);
	strcpy(row->state, "frozen");
	row->revision = f->document->revision;
	row->as_of = f->document->as_of;
	row->made = at;
	snprintf(path, sizeof(path), "%s/manifest.json", f->now.folder);
	result = xn_file_read(path, XN_MANIFEST_BYTES, &manifest, &size, f->err);
	snprintf(path, sizeof(path), "%s/manifest.p7s", f->now.folder);
	if (result == XN_OK && f->export.signer != NULL)
		result =
		    xn_file_read(path, XN_SIGNATURE_BYTES, &signature, &signature_size, f->err);
	if (result == XN_OK)
		result =
		    xn_archive_add(f->archive, row, manifest, signature, signature_size, f->err);
	free(manifest);
	free(signature);
	*ret_row = *row;
	return result;
}

/* What an earlier try left there: a folder that has no row. */
static void
clear(const char *folder)
{
	DIR *dir = opendir(folder);

	if (dir == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(folder);
}

static int
write_folder(struct freezing *f, const char *config)
{
	int result;

	snprintf(f->part, sizeof(f->part), "%s.part", f->now.folder);
	clear(f->part);
	result = make_folders(f->part, f->err);
	if (result == XN_OK)
		xn_export_manifest(f->document, config, "vi en", f->manifest);
	if (result == XN_OK)
		result = xn_archive_last(f->archive, f->manifest->previous, f->err);
	if (result == XN_OK)
		result = print_all(f);
	if (result == XN_OK)
		result = xn_evidence_seal(
		    f->manifest, f->part, NULL, f->export.signer, f->now.row.sha256, f->err);
	if (result != XN_OK)
		return result;
	clear(f->now.folder);
	if (rename(f->part, f->now.folder) != 0)
		return xn_fail(f->err, XN_ESYSTEM, "%s: %s", f->now.folder, strerror(errno));
	return XN_OK;
}

static int
freeze(struct xn_books *books, struct freezing *f, xn_instant at, const char *actor,
    struct xn_archive_row *ret_row, bool *ret_new)
{
	char config[XN_SHA256_TEXT_SIZE];
	struct xn_error why = {0};
	int result = xn_frozen_find(f->archive, books, &f->export, &f->before, &why);

	f->has_before = result == XN_OK;
	if (result != XN_OK && result != XN_ENOTFOUND)
		return xn_fail(f->err, why.code, "%s", why.text);
	f->export.order.revision = f->has_before ? f->before.row.revision + 1 : 1;
	f->export.order.state = "frozen";
	result = xn_report_make(books, &f->export.order, &f->arena, &f->document, config, f->err);
	if (result != XN_OK)
		return result;
	*ret_new = !f->has_before || strcmp(f->before.row.slice, f->document->slice) != 0 ||
	    strcmp(f->before.row.config, config) != 0;
	if (!*ret_new) {
		*ret_row = f->before.row;
		return XN_OK;
	}
	if (f->has_before)
		result = xn_frozen_compare(&f->before, f->document, f->err);
	place(&f->now, &f->export, f->document->revision);
	if (result == XN_OK)
		result = write_folder(f, config);
	return result == XN_OK ? keep(f, config, at, actor, ret_row) : result;
}

/* Invariant 2. The descriptor holds the lock; negative: *err. */
static int
lock(const char *state, struct xn_error *err)
{
	char path[PATH_SIZE];
	int fd;

	snprintf(path, sizeof(path), "%.1900s/reports", state);
	if (make_folders(path, err) != XN_OK)
		return XN_ESYSTEM;
	snprintf(path, sizeof(path), "%.1900s/reports/lock", state);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", path, strerror(errno));
	return fd;
}

int
xn_export_freeze(struct xn_books *books, const struct xn_export *export, xn_instant now,
    const char *actor, struct xn_archive_row *ret_row, bool *ret_new, struct xn_error *err)
{
	struct freezing *f;
	xn_instant first, last = {0};
	int result, fd;

	if (strlen(export->state) > 1000)
		return xn_fail(err, XN_EINVALID, "%.64s...: path too long", export->state);
	if (export->order.period.kind == XN_PERIOD_WINDOW ||
	    export->order.period.kind == XN_PERIOD_SPAN)
		return xn_fail(err, XN_EINVALID, "%s: only a day, month, quarter or year is frozen",
		    export->order.period.name);
	if (xn_books_range(books, &first, &last, err) != XN_OK)
		return (int)err->code;
	if (!xn_period_finished(&export->order.period, last))
		return xn_fail(err, XN_EREFUSED,
		    "%s is not over in the books: export a draft until it is",
		    export->order.period.name);
	fd = lock(export->state, err);
	if (fd < 0)
		return fd;
	f = calloc(1, sizeof(*f));
	if (f == NULL || (f->manifest = calloc(1, sizeof(*f->manifest))) == NULL)
		abort();
	f->export = *export;
	f->err = err;
	xn_arena_map(&f->arena, XN_REPORT_ARENA);
	result = xn_archive_open(&f->archive, export->state, err);
	if (result == XN_OK)
		result = freeze(books, f, now, actor, ret_row, ret_new);
	xn_archive_close(f->archive);
	xn_arena_unmap(&f->arena);
	free(f->manifest);
	free(f);
	close(fd);
	return result;
}
