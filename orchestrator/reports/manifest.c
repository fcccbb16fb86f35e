#include "orchestrator/reports/evidence.h"

#include <elf.h>
#include <jansson.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCHEMA    "xanh-manifest-1"
#define PATH_SIZE 4096

/* ---- the program ---- */

/* The linker's build id of the program itself, which is the first object. */
static int
find_build(struct dl_phdr_info *info, size_t size, void *context)
{
	char *text = context;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum && text[0] == '\0'; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		const unsigned char *at =
		    (const unsigned char *)info->dlpi_addr + header->p_vaddr; /* NOLINT */
		const unsigned char *end = at + header->p_memsz;

		while (header->p_type == PT_NOTE && (size_t)(end - at) > sizeof(ElfW(Nhdr))) {
			ElfW(Nhdr) note;
			const unsigned char *body = at + sizeof(note);

			memcpy(&note, at, sizeof(note));
			if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			    note.n_descsz < XN_NAME_SIZE / 2)
				for (unsigned b = 0; b < note.n_descsz; b++)
					snprintf(text + (size_t)2 * b, 3, "%02x", body[4 + b]);
			at = body + ((note.n_namesz + 3u) & ~3u) + ((note.n_descsz + 3u) & ~3u);
		}
	}
	return 1;
}

void
xn_manifest_made_by_us(struct xn_manifest *manifest)
{
	snprintf(manifest->version, sizeof(manifest->version), "%s", XN_VERSION);
	manifest->build[0] = '\0';
	dl_iterate_phdr(find_build, manifest->build);
}

/* ---- files ---- */

int
xn_manifest_add(
    struct xn_manifest *manifest, const char *folder, const char *name, struct xn_error *err)
{
	struct xn_manifest_file *file = &manifest->files[manifest->file_count];
	char path[PATH_SIZE];

	if (manifest->file_count == XN_MANIFEST_FILES)
		return xn_fail(err, XN_EFULL, "more than %d files in a report", XN_MANIFEST_FILES);
	if (snprintf(file->name, sizeof(file->name), "%s", name) >= (int)sizeof(file->name) ||
	    snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return xn_fail(err, XN_EINVALID, "%s: the name is too long", name);
	if (xn_sha256_file(path, file->sha256, &file->size, err) != XN_OK)
		return (int)err->code;
	manifest->file_count++;
	return XN_OK;
}

int
xn_manifest_sums(const struct xn_manifest *manifest, const char *folder, const char *const *more,
    char **ret_text, struct xn_error *err)
{
	size_t size = 0;
	FILE *out = open_memstream(ret_text, &size);
	int result = XN_OK;

	if (out == NULL)
		return xn_fail(err, XN_ESYSTEM, "sums: no memory");
	for (unsigned i = 0; i < manifest->file_count; i++)
		fprintf(out, "%s  %s\n", manifest->files[i].sha256, manifest->files[i].name);
	for (; *more != NULL && result == XN_OK; more++) {
		char path[PATH_SIZE], sum[XN_SHA256_TEXT_SIZE] = "";
		uint64_t length;

		snprintf(path, sizeof(path), "%s/%s", folder, *more);
		result = xn_sha256_file(path, sum, &length, err);
		fprintf(out, "%s  %s\n", sum, *more);
	}
	if (fclose(out) != 0 && result == XN_OK)
		result = xn_fail(err, XN_ESYSTEM, "sums: no memory");
	if (result != XN_OK) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return result;
}

/* ---- text ---- */

static json_t *
instant(xn_instant at, int utc_offset_s)
{
	time_t local = (time_t)(at.ms / 1000 + utc_offset_s);
	int minutes = abs(utc_offset_s) / 60;
	char text[64];
	struct tm tm;

	gmtime_r(&local, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    utc_offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return json_string(text);
}

static json_t *
text_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *
files_of(const struct xn_manifest *manifest)
{
	json_t *files = json_array();

	for (unsigned i = 0; i < manifest->file_count; i++) {
		const struct xn_manifest_file *file = &manifest->files[i];

		json_array_append_new(files,
		    json_pack("{s:s, s:I, s:s}", "name", file->name, "size", (json_int_t)file->size,
			"sha256", file->sha256));
	}
	return files;
}

char *
xn_manifest_text(const struct xn_manifest *m)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:I}", "schema", SCHEMA,
	    "report", m->report, "kind", m->kind, "state", m->state, "language", m->language,
	    "revision", m->revision, "complete", m->complete, "as_of", (json_int_t)m->as_of);
	char *body, *text = NULL;

	json_object_set_new(json, "period",
	    json_pack("{s:o, s:o, s:I, s:I, s:i}", "from", instant(m->from, m->utc_offset_s), "to",
		instant(m->to, m->utc_offset_s), "from_ms", (json_int_t)m->from.ms, "to_ms",
		(json_int_t)m->to.ms, "utc_offset_s", m->utc_offset_s));
	json_object_set_new(json, "software",
	    json_pack("{s:s, s:s, s:o}", "name", "xanh", "version", m->version, "build",
		text_or_null(m->build)));
	json_object_set_new(json, "config", text_or_null(m->config));
	json_object_set_new(json, "slice", text_or_null(m->slice));
	json_object_set_new(json, "previous", text_or_null(m->previous));
	json_object_set_new(json, "signer", text_or_null(m->signer));
	json_object_set_new(json, "files", files_of(m));
	body = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(1) | JSON_ENSURE_ASCII);
	json_decref(json);
	if (body != NULL && asprintf(&text, "%s\n", body) < 0)
		text = NULL;
	free(body);
	return text;
}

/* ---- reading it back ---- */

static void
take(char *ret_text, size_t size, const json_t *map, const char *key)
{
	const char *text = json_string_value(json_object_get(map, key));

	snprintf(ret_text, size, "%s", text == NULL ? "" : text);
}

static bool
take_files(const json_t *list, struct xn_manifest *m)
{
	size_t index;
	const json_t *row;

	if (json_array_size(list) > XN_MANIFEST_FILES)
		return false;
	json_array_foreach(list, index, row)
	{
		struct xn_manifest_file *file = &m->files[m->file_count++];

		take(file->name, sizeof(file->name), row, "name");
		take(file->sha256, sizeof(file->sha256), row, "sha256");
		file->size = (uint64_t)json_integer_value(json_object_get(row, "size"));
		/* A manifest names what lies beside it and nothing else. */
		if (file->name[0] == '\0' || file->name[0] == '.' ||
		    strchr(file->name, '/') != NULL)
			return false;
	}
	return true;
}

static bool
take_all(const json_t *json, struct xn_manifest *m)
{
	const json_t *period = json_object_get(json, "period");
	const json_t *software = json_object_get(json, "software");

	take(m->report, sizeof(m->report), json, "report");
	take(m->kind, sizeof(m->kind), json, "kind");
	take(m->state, sizeof(m->state), json, "state");
	take(m->language, sizeof(m->language), json, "language");
	m->revision = (int)json_integer_value(json_object_get(json, "revision"));
	m->complete = json_is_true(json_object_get(json, "complete"));
	m->as_of = json_integer_value(json_object_get(json, "as_of"));
	m->from.ms = json_integer_value(json_object_get(period, "from_ms"));
	m->to.ms = json_integer_value(json_object_get(period, "to_ms"));
	m->utc_offset_s = (int)json_integer_value(json_object_get(period, "utc_offset_s"));
	take(m->version, sizeof(m->version), software, "version");
	take(m->build, sizeof(m->build), software, "build");
	take(m->config, sizeof(m->config), json, "config");
	take(m->slice, sizeof(m->slice), json, "slice");
	take(m->previous, sizeof(m->previous), json, "previous");
	take(m->signer, sizeof(m->signer), json, "signer");
	return take_files(json_object_get(json, "files"), m);
}

int
xn_manifest_parse(
    const char *text, size_t size, struct xn_manifest *ret_manifest, struct xn_error *err)
{
	json_error_t why;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
	char schema[XN_NAME_SIZE];
	char *again;
	bool same;

	*ret_manifest = (struct xn_manifest){0};
	if (json == NULL)
		return xn_fail(err, XN_EINVALID, "is no JSON: line %d, %s", why.line, why.text);
	take(schema, sizeof(schema), json, "schema");
	same = strcmp(schema, SCHEMA) == 0 && take_all(json, ret_manifest);
	json_decref(json);
	again = same ? xn_manifest_text(ret_manifest) : NULL;
	same = again != NULL && strlen(again) == size && memcmp(again, text, size) == 0;
	free(again);
	return same ? XN_OK
		    : xn_fail(err, XN_EINVALID, "is not a manifest in the form that we write");
}
