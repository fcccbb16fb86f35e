#include "orchestrator/reports/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/reports/freeze.h"

#define PATH_SIZE XN_REPORT_PATH

/* The folder and the last part of a path. */
static const char *
split(const char *path, char ret_folder[PATH_SIZE])
{
	const char *slash = strrchr(path, '/');

	snprintf(ret_folder, PATH_SIZE, "%.*s",
	    slash == NULL       ? 1
		: slash == path ? 1
				: (int)(slash - path),
	    slash == NULL ? "." : path);
	return slash == NULL ? path : slash + 1;
}

static void
say(const struct xn_export *export, const char *what)
{
	if (export->progress != NULL)
		export->progress(export->context, what);
}

void
xn_export_manifest(const struct xn_document *document, const char *config, const char *language,
    struct xn_manifest *ret_manifest)
{
	struct xn_manifest *m = ret_manifest;

	*m = (struct xn_manifest){.revision = document->revision,
	    .from = document->from,
	    .to = document->to,
	    .utc_offset_s = document->utc_offset_s,
	    .complete = document->complete,
	    .as_of = document->as_of};
	snprintf(m->report, sizeof(m->report), "%s", document->id);
	snprintf(m->kind, sizeof(m->kind), "%s", document->kind);
	snprintf(m->state, sizeof(m->state), "%s", document->state);
	snprintf(m->language, sizeof(m->language), "%s", language);
	snprintf(m->config, sizeof(m->config), "%s", config);
	snprintf(m->slice, sizeof(m->slice), "%s", document->slice);
	xn_manifest_made_by_us(m);
}

static const struct xn_table *
table_of(const struct xn_document *document, const char *name)
{
	const struct xn_table *table = document->tables;

	while (name != NULL && table != NULL && strcmp(table->name, name) != 0)
		table = table->next;
	return table;
}

static int
print(const struct xn_export *export, const struct xn_document *document, FILE *out,
    struct xn_error *err)
{
	const struct xn_table *table = table_of(document, export->table);

	if (table == NULL)
		return xn_fail(err, XN_EINVALID, "%s has no table '%s'", document->kind,
		    export->table == NULL ? "" : export->table);
	if (export->format == XN_REPORT_CSV)
		return xn_report_csv(document, table, out, err);
	return xn_report_print(document, export->format, export->language, out, err);
}

/* A draft, made now. */
struct draft {
	struct xn_arena arena;
	struct xn_document *document;
	char config[XN_SHA256_TEXT_SIZE];
	char *bytes;
	size_t size;
};

static void
drop(struct draft *draft)
{
	free(draft->bytes);
	xn_arena_unmap(&draft->arena);
}

static int
make(struct xn_books *books, const struct xn_export *export, struct draft *draft,
    struct xn_error *err)
{
	FILE *out;
	int result;

	*draft = (struct draft){0};
	xn_arena_map(&draft->arena, XN_REPORT_ARENA);
	say(export, "reading the books");
	result = xn_report_make(
	    books, &export->order, &draft->arena, &draft->document, draft->config, err);
	if (result != XN_OK)
		return result;
	say(export, xn_report_format_word(export->format));
	out = open_memstream(&draft->bytes, &draft->size);
	if (out == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory");
	result = print(export, draft->document, out, err);
	if (fclose(out) != 0 && result == XN_OK)
		result = xn_fail(err, XN_ESYSTEM, "no memory for the file");
	return result;
}

/* The revision that an export of this order is a copy of; false: it is to be a draft. */
static bool
find_frozen(struct xn_books *books, const struct xn_export *export, struct xn_frozen *ret_frozen)
{
	struct xn_archive *archive;
	bool found;

	if (export->draft || xn_archive_open(&archive, export->state, NULL) != XN_OK)
		return false;
	found = xn_frozen_find(archive, books, export, ret_frozen, NULL) == XN_OK;
	xn_archive_close(archive);
	return found;
}

int
xn_export_bytes(struct xn_books *books, const struct xn_export *export, char **ret_bytes,
    size_t *ret_size, struct xn_error *err)
{
	struct xn_frozen frozen;
	struct draft draft;
	char path[PATH_SIZE];
	int result;

	if (find_frozen(books, export, &frozen)) {
		result = xn_frozen_path(&frozen, export, path, err);
		return result == XN_OK
		    ? xn_file_read(path, XN_FROZEN_BYTES, ret_bytes, ret_size, err)
		    : result;
	}
	result = make(books, export, &draft, err);
	if (result == XN_OK) {
		*ret_bytes = draft.bytes;
		*ret_size = draft.size;
		draft.bytes = NULL;
	}
	drop(&draft);
	return result;
}

/* The W3C's metadata beside a CSV. */
static int
put_metadata(const struct draft *draft, const struct xn_export *export, const char *path,
    const char *name, struct xn_error *err)
{
	char beside[PATH_SIZE], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int result;

	if (out == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory");
	result = xn_report_csvw(
	    draft->document, table_of(draft->document, export->table), name, out, err);
	if (fclose(out) != 0 && result == XN_OK)
		result = xn_fail(err, XN_ESYSTEM, "no memory");
	snprintf(beside, sizeof(beside), "%.1900s-metadata.json", path);
	if (result == XN_OK)
		result = xn_file_write(beside, text, size, err);
	free(text);
	return result;
}

static int
export_draft(
    struct xn_books *books, const struct xn_export *export, const char *path, struct xn_error *err)
{
	char folder[PATH_SIZE], metadata[PATH_SIZE];
	const char *name = split(path, folder);
	struct xn_manifest *manifest = calloc(1, sizeof(*manifest));
	struct draft draft;
	int result = make(books, export, &draft, err);

	if (manifest == NULL)
		abort();
	if (result == XN_OK)
		result = xn_file_write(path, draft.bytes, draft.size, err);
	if (result == XN_OK) {
		xn_export_manifest(draft.document, draft.config,
		    xn_report_speaks(export->format) ? xn_report_language_word(export->language)
						     : "vi en",
		    manifest);
		result = xn_manifest_add(manifest, folder, name, err);
	}
	if (result == XN_OK && export->format == XN_REPORT_CSV) {
		snprintf(metadata, sizeof(metadata), "%.1900s-metadata.json", name);
		result = put_metadata(&draft, export, path, name, err);
		if (result == XN_OK)
			result = xn_manifest_add(manifest, folder, metadata, err);
	}
	if (result == XN_OK)
		result = xn_evidence_seal(manifest, folder, name, export->signer, NULL, err);
	free(manifest);
	drop(&draft);
	return result;
}

int
xn_export_file(
    struct xn_books *books, const struct xn_export *export, const char *path, struct xn_error *err)
{
	struct xn_frozen frozen;

	if (strlen(path) > PATH_SIZE - 150)
		return xn_fail(err, XN_EINVALID, "%.64s...: path too long", path);
	if (find_frozen(books, export, &frozen))
		return xn_frozen_copy(&frozen, export, path, err);
	return export_draft(books, export, path, err);
}
