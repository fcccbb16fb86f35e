#include "common/site_build.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE 4096
#define PARTS_MAX 64
#define PATHS_MAX 4096

struct expansion {
	struct xn_arena *arena;
	const char **paths;
	uint32_t count;
	uint32_t room;
	uint32_t
	    *budget; /* folder entries that may still be looked at: a pattern cannot scan a disk */
};

static int
add_path(struct expansion *all, const char *path)
{
	if (all->count == PATHS_MAX)
		return XN_EFULL;
	if (all->count == all->room) {
		const char **paths = xn_new(all->arena, const char *, all->room * 2 + 16);

		if (all->count > 0)
			memcpy(paths, all->paths, all->count * sizeof(*paths));
		all->paths = paths;
		all->room = all->room * 2 + 16;
	}
	all->paths[all->count++] = xn_text_copy(all->arena, path, strlen(path));
	return XN_OK;
}

static int walk(struct expansion *all, const char *before, const char *rest);

/* The entries of folder `before` that match the first `length` bytes of `rest`, and on from there.
 */
static int
walk_folder(struct expansion *all, const char *before, const char *rest, size_t length)
{
	char pattern[NAME_MAX + 1];
	char path[PATH_SIZE];
	DIR *folder = length > NAME_MAX ? NULL : opendir(before[0] == '\0' ? "." : before);
	int status = XN_OK;

	if (folder == NULL)
		return XN_OK;
	memcpy(pattern, rest, length);
	pattern[length] = '\0';
	for (struct dirent *entry = readdir(folder); entry != NULL && status == XN_OK;
	     entry = readdir(folder)) {
		if ((*all->budget)-- == 0) {
			*all->budget = 0;
			status = XN_EFULL;
		} else if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0 &&
		    (size_t)snprintf(path, sizeof(path), "%s%s", before, entry->d_name) <
			sizeof(path)) {
			status = walk(all, path, rest + length);
		}
	}
	closedir(folder);
	return status;
}

static int
walk(struct expansion *all, const char *before, const char *rest)
{
	char path[PATH_SIZE];
	size_t slashes = strspn(rest, "/");
	size_t plain = slashes;
	size_t length;
	struct stat about;

	/* Up to the next part with a wildcard everything stands as it is written. */
	for (;;) {
		length = strcspn(rest + plain, "/");
		if (length == 0 || strcspn(rest + plain, "*?[") < length)
			break;
		plain += length;
		plain += strspn(rest + plain, "/");
	}
	if ((size_t)snprintf(path, sizeof(path), "%s%.*s", before, (int)plain, rest) >=
	    sizeof(path))
		return XN_OK;
	if (length > 0)
		return walk_folder(all, path, rest + plain, length);
	return stat(path, &about) == 0 ? add_path(all, path) : XN_OK;
}

static int
compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

int
xn_site_expand(struct xn_arena *arena, const char *pattern, const char ***ret_paths,
    uint32_t *ret_count, uint32_t *budget)
{
	struct expansion all = {.arena = arena, .budget = budget};
	int parts = 0;
	int status;

	for (const char *at = pattern; *at != '\0'; at++)
		parts += *at == '/';
	status = parts > PARTS_MAX ? XN_EFULL : walk(&all, "", pattern);
	if (all.count > 0)
		qsort(all.paths, all.count, sizeof(all.paths[0]), compare);
	*ret_paths = all.paths;
	*ret_count = all.count;
	return status;
}
