/* Energy plans as files: checking them. */
#include "orchestrator/cli/energy_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "orchestrator/cli/check.h"
#include "orchestrator/cli/commands.h"

/* Each has a week of its own in memory. */
#define DOCUMENTS_MAX  64
#define FILE_BYTES_MAX ((size_t)4 << 20)

/* Where a plan's files are looked for: beside it. */
struct beside {
	struct xn_arena *arena;
	struct xn_problems *problems;
	const char *plan;
	struct xn_cli_plan_file **tail;
	bool all_known;
};

static const char *
path_beside(struct beside *beside, const char *path)
{
	const char *slash = strrchr(beside->plan, '/');

	if (path[0] == '/' || slash == NULL)
		return path;
	return xn_text(beside->arena, "%.*s/%s", (int)(slash - beside->plan), beside->plan, path);
}

static const struct xn_source *
read_bytes(struct beside *beside, const char *path)
{
	struct xn_source *source = xn_new(beside->arena, struct xn_source, 1);
	FILE *file = fopen(path, "rb");
	char *bytes;

	if (file == NULL)
		return NULL;
	bytes = xn_arena_take(beside->arena, FILE_BYTES_MAX + 1, 1);
	source->size = fread(bytes, 1, FILE_BYTES_MAX, file);
	source->path = path;
	source->bytes = bytes;
	source->order = beside->problems->sources++;
	fclose(file);
	return source;
}

/* Kept in the order of reading, each name once, for a plan that is sent. */
static const struct xn_energy_file *
keep(struct beside *beside, const char *name, bool yaml, const struct xn_energy_file *found)
{
	struct xn_cli_plan_file *file = xn_new(beside->arena, struct xn_cli_plan_file, 1);

	*file = (struct xn_cli_plan_file){.name = name, .yaml = yaml, .source = found->source};
	*beside->tail = file;
	beside->tail = &file->next;
	return found;
}

/* Whether a file says of itself what it is; until it is used, one of another form is let be. */
static bool
is_known(const struct xn_source *source)
{
	return memmem(source->bytes, source->size, "tariff", 6) != NULL ||
	    memmem(source->bytes, source->size, "bands", 5) != NULL;
}

static const struct xn_energy_file *
find(void *context, const char *name, bool yaml)
{
	struct beside *beside = context;
	struct xn_energy_file *found = xn_new(beside->arena, struct xn_energy_file, 1);
	const char *path = path_beside(beside, name);
	struct stat status;

	if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return NULL;
	found->source = read_bytes(beside, path);
	if (found->source == NULL)
		return NULL;
	if (yaml && (beside->all_known || is_known(found->source)))
		found->documents =
		    xn_yaml_read_text(beside->arena, found->source, beside->problems)->first;
	return keep(beside, name, yaml, found);
}

static bool
is_tariff(const struct xn_yaml *document)
{
	const struct xn_yaml *kind = xn_yaml_get(document, "kind");

	return kind != NULL && kind->kind == XN_YAML_SCALAR && strcmp(kind->text, "tariff") == 0;
}

const struct xn_energy_plan *
xn_cli_energy_plan_read(struct xn_arena *arena, const char *path, bool all_known,
    struct xn_problems *problems, struct xn_cli_plan_file **ret_files, struct xn_error *err)
{
	struct beside *beside = xn_new(arena, struct beside, 1);
	struct xn_energy_files files = {find, beside, all_known};
	const struct xn_energy_plan *plan = NULL;
	struct xn_yaml *documents = NULL;
	unsigned count = 0;

	*ret_files = NULL;
	*beside = (struct beside){arena, problems, path, ret_files, all_known};
	if (xn_yaml_read_file(arena, path, problems, &documents, err) != XN_OK)
		return NULL;
	XN_YAML_EACH (document, documents) {
		if (++count > DOCUMENTS_MAX) {
			xn_problem_add(problems, document->mark, NULL,
			    "more than %d documents in one file", DOCUMENTS_MAX);
			break;
		}
		if (is_tariff(document) && !all_known)
			xn_tariff_check(arena, document, problems);
		else if (all_known && count > 1)
			xn_problem_add(
			    problems, document->mark, NULL, "a second plan: one is expected");
		else
			plan = xn_energy_plan_compile_with(arena, document, &files, problems);
	}
	return problems->count == 0 ? plan : NULL;
}

const struct xn_energy_plan *
xn_cli_energy_plan_use(
    struct xn_arena *arena, const char *path, struct xn_cli_plan_file **ret_files, int *ret_code)
{
	struct xn_problems problems;
	struct xn_error err = {.code = XN_OK};
	const struct xn_energy_plan *plan;

	xn_problems_init(&problems, arena);
	plan = xn_cli_energy_plan_read(arena, path, true, &problems, ret_files, &err);
	xn_problems_print(&problems, stderr);
	*ret_code = XN_EXIT_INPUT;
	if (err.code == XN_OK)
		return plan;
	fputs("xanh: ", stderr);
	xn_cli_print_escaped(stderr, err.text);
	fputc('\n', stderr);
	*ret_code = xn_exit_of(err.code);
	return NULL;
}

static void
read_one(
    struct xn_arena *arena, const char *path, struct xn_problems *problems, struct xn_error *err)
{
	struct xn_cli_plan_file *files;

	xn_cli_energy_plan_read(arena, path, false, problems, &files, err);
}

static int
energy_plan_check(struct xn_cli *cli)
{
	return xn_check_files(cli, XN_CLI_ENERGY_PLAN_ARENA_SIZE, read_one);
}

const struct xn_cli_command xn_cli_energy_plan_check = {
    .noun = "energy-plan",
    .verb = "check",
    .arguments = "FILE...",
    .summary = "list every mistake in energy plans and tariffs; silent when they are right",
    .examples = "xanh energy-plan check deploy/examples/energy-plan.yaml",
    .run = energy_plan_check,
};
