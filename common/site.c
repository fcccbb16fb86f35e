#include "common/site_build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX   4096
/* Includes within includes. */
#define DEPTH_MAX   16
/* Includes, and folder entries that all their patterns together may look at. */
#define ENTRIES_MAX 20000
/* The largest site, built, with all its problems. */
#define BUILD_ROOM  (XN_SITE_ARENA_SIZE / 2)

/* Who a file is, whatever path leads to it. */
struct identity {
	dev_t device;
	ino_t inode;
};

struct loading {
	struct xn_site_builder *builder;
	struct identity files[FILES_MAX];
	uint32_t open[DEPTH_MAX]; /* files being read, outermost first */
	uint32_t depth;
	uint32_t entries_left;
};

static int read_file(struct loading *loading, const char *path, struct xn_error *err);

/* ---- includes ---- */

static bool
is_open(const struct loading *loading, const struct stat *about)
{
	for (uint32_t i = 0; i < loading->depth; i++) {
		const struct identity *file = &loading->files[loading->open[i]];

		if (file->device == about->st_dev && file->inode == about->st_ino)
			return true;
	}
	return false;
}

static bool
was_read(const struct loading *loading, const struct stat *about)
{
	for (uint32_t i = 0; i < loading->builder->file_count; i++)
		if (loading->files[i].device == about->st_dev &&
		    loading->files[i].inode == about->st_ino)
			return true;
	return false;
}

static void
include_path(struct loading *loading, const char *path, const struct xn_yaml *item)
{
	struct xn_problems *problems = loading->builder->problems;
	struct xn_error err = {0};
	struct stat about;

	if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
		xn_problem_add(problems, item->mark, NULL, "'%.200s' is no file", path);
	else if (is_open(loading, &about))
		xn_problem_add(
		    problems, item->mark, NULL, "'%.200s' includes itself through this", path);
	else if (loading->depth == DEPTH_MAX)
		xn_problem_add(problems, item->mark, NULL, "includes more than %d deep", DEPTH_MAX);
	else if (read_file(loading, path, &err) != XN_OK)
		xn_problem_add(problems, item->mark, NULL, "%s", err.text);
}

static void
include_item(struct loading *loading, const char *from, const struct xn_yaml *item)
{
	struct xn_site_builder *builder = loading->builder;
	const char *slash = strrchr(from, '/');
	const char *text;
	char pattern[4096];
	const char **paths = NULL;
	uint32_t count = 0;
	int length;

	if (!xn_value_text(item, builder->problems, &text))
		return;
	if (text[0] == '/' || slash == NULL)
		length = snprintf(pattern, sizeof(pattern), "%s", text);
	else
		length =
		    snprintf(pattern, sizeof(pattern), "%.*s/%s", (int)(slash - from), from, text);
	loading->entries_left -= loading->entries_left > 0;
	if ((size_t)length >= sizeof(pattern) || loading->entries_left == 0 ||
	    xn_site_expand(builder->arena, pattern, &paths, &count, &loading->entries_left) !=
		XN_OK) {
		xn_problem_add(builder->problems, item->mark, NULL,
		    "'%.64s' looks through too many folders", text);
		return;
	}
	if (count == 0 && (text[0] == '\0' || strpbrk(text, "*?[") == NULL))
		xn_problem_add(
		    builder->problems, item->mark, NULL, "no file '%.200s' to include", pattern);
	for (uint32_t i = 0; i < count; i++)
		include_path(loading, paths[i], item);
}

static void
include_all(struct loading *loading, const char *path, const struct xn_yaml *documents)
{
	XN_YAML_EACH (document, documents) {
		const struct xn_yaml *include = xn_yaml_get(document, "include");

		if (include == NULL || !xn_yaml_check_list(include, loading->builder->problems))
			continue;
		XN_YAML_EACH (item, include)
			include_item(loading, path, item);
	}
}

/* Reads a file that was not read yet, and what it includes. */
static int
read_file(struct loading *loading, const char *path, struct xn_error *err)
{
	struct xn_site_builder *builder = loading->builder;
	struct xn_yaml *documents;
	uint32_t file = builder->file_count;
	struct stat about;

	if (file == FILES_MAX)
		return xn_fail(err, XN_EFULL, "more than %d files", FILES_MAX);
	if (stat(path, &about) == 0) {
		if (was_read(loading, &about))
			return XN_OK;
		loading->files[file] = (struct identity){about.st_dev, about.st_ino};
	}
	if (xn_yaml_read_file(builder->arena, path, builder->problems, &documents, err) != XN_OK)
		return err->code;
	builder->documents[builder->file_count++] = documents;
	loading->open[loading->depth++] = file;
	include_all(loading, path, documents);
	loading->depth--;
	return XN_OK;
}

/* ---- one configuration of all documents ---- */

static void
set_once(struct xn_site_builder *builder, const struct xn_yaml **slot, const struct xn_yaml *value)
{
	if (value == NULL)
		return;
	if (*slot == NULL) {
		*slot = value;
		return;
	}
	xn_problem_add(builder->problems, value->key->mark, NULL,
	    "key '%s' is already set in %.160s:%u", value->key->text,
	    (*slot)->key->mark.source->path, (*slot)->key->mark.line);
}

static void
add_entry(struct xn_site_builder *builder, struct xn_site_entries *entries,
    const struct xn_yaml *value, uint32_t most)
{
	const char *name;
	uint32_t there;

	if (!xn_value_name(value->key, builder->problems, &name))
		return;
	there = xn_site_index_find(&entries->names, name);
	if (there != XN_NONE) {
		const struct xn_mark *mark = &entries->values[there]->key->mark;

		xn_problem_add(builder->problems, value->key->mark, NULL,
		    "key '%s' is already set in %.160s:%u", name, mark->source->path, mark->line);
		return;
	}
	if (entries->count == most) {
		xn_problem_add(
		    builder->problems, value->key->mark, NULL, "more than %u of these", most);
		return;
	}
	if (entries->count == entries->room) {
		uint32_t room = entries->room * 2 + 16;
		const struct xn_yaml **values =
		    xn_new(builder->arena, const struct xn_yaml *, room);

		if (entries->count > 0)
			memcpy(values, entries->values, entries->count * sizeof(*values));
		entries->values = values;
		entries->room = room;
	}
	xn_site_index_add(builder->arena, &entries->names, name, entries->count);
	entries->values[entries->count++] = value;
}

static void
gather_entries(struct xn_site_builder *builder, struct xn_site_entries *entries,
    const struct xn_yaml *section, uint32_t most)
{
	if (section == NULL || !xn_yaml_check_names(section, builder->problems))
		return;
	XN_YAML_EACH (value, section)
		add_entry(builder, entries, value, most);
}

static void
gather(struct xn_site_builder *builder, const struct xn_yaml *document)
{
	static const struct xn_yaml_key keys[] = {{"version", false}, {"site", false},
	    {"include", false}, {"api", false}, {"store", false}, {"control", false},
	    {"clusters", false}, {"racks", false}, {"defaults", false}, {"devices", false},
	    {NULL, false}};

	if (!xn_yaml_check_map(document, keys, builder->problems))
		return;
	set_once(builder, &builder->version, xn_yaml_get(document, "version"));
	set_once(builder, &builder->about, xn_yaml_get(document, "site"));
	set_once(builder, &builder->api, xn_yaml_get(document, "api"));
	set_once(builder, &builder->store, xn_yaml_get(document, "store"));
	set_once(builder, &builder->control, xn_yaml_get(document, "control"));
	set_once(builder, &builder->defaults, xn_yaml_get(document, "defaults"));
	gather_entries(
	    builder, &builder->clusters, xn_yaml_get(document, "clusters"), XN_HOSTS_MAX);
	gather_entries(builder, &builder->racks, xn_yaml_get(document, "racks"), XN_RACKS_MAX);
	gather_entries(
	    builder, &builder->devices, xn_yaml_get(document, "devices"), XN_DEVICES_MAX);
}

/* What must stand somewhere is missed at the top of the first file. */
static void
check_required(struct xn_site_builder *builder)
{
	static const char *const versions[] = {"1", NULL};
	int version;

	if (builder->version != NULL)
		(void)xn_value_choice(builder->version, builder->problems, versions, &version);
	if (builder->incomplete || builder->file_count == 0)
		return;
	if (builder->version == NULL)
		xn_problem_add(builder->problems, builder->documents[0]->mark,
		    "begin with 'version: 1'", "required key 'version' is missing");
	if (builder->about == NULL)
		xn_problem_add(builder->problems, builder->documents[0]->mark, NULL,
		    "required key 'site' is missing");
}

static void
build(struct xn_site_builder *builder)
{
	for (uint32_t i = 0; i < builder->file_count; i++) {
		const struct xn_yaml *documents = builder->documents[i];

		builder->incomplete |= documents->cut || documents->first == NULL;
		XN_YAML_EACH (document, documents)
			gather(builder, document);
	}
	check_required(builder);
	xn_site_build_about(builder);
	xn_site_build_api(builder);
	xn_site_build_store(builder);
	xn_site_build_control(builder);
	xn_site_build_clusters(builder);
	xn_site_build_racks(builder);
	xn_site_build_devices(builder);
	xn_site_join_racks(builder);
}

int
xn_site_load(struct xn_arena *arena, const char *const *files, unsigned file_count,
    struct xn_problems *problems, struct xn_site *ret_site, struct xn_error *err)
{
	struct xn_site_builder builder = {
	    .poll = {10000}, .arena = arena, .problems = problems, .site = ret_site};
	struct loading *loading = calloc(1, sizeof(*loading));
	int status = XN_OK;

	if (loading == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory to read the configuration");
	loading->builder = &builder;
	loading->entries_left = ENTRIES_MAX;
	builder.documents = xn_new(arena, struct xn_yaml *, FILES_MAX);
	*ret_site = (struct xn_site){0};
	/* What can be read is checked for syntax also when another file cannot. */
	for (unsigned i = 0; i < file_count; i++) {
		struct xn_error this = {0};

		if (read_file(loading, files[i], &this) != XN_OK && status == XN_OK) {
			status = this.code;
			if (err != NULL)
				*err = this;
		}
	}
	free(loading);
	if (status == XN_OK && xn_arena_room(arena) < BUILD_ROOM)
		status = xn_fail(err, XN_EFULL, "no memory left for so large a configuration");
	if (status == XN_OK)
		build(&builder);
	return status;
}
