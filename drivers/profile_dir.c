#include "drivers/profile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 1024

#ifndef XN_PROFILE_DIR
#define XN_PROFILE_DIR "/usr/local/share/xanh/profiles"
#endif

static int
load_path(
    struct xn_arena *arena, const char *path, struct xn_profile **ret_profile, struct xn_error *err)
{
	struct xn_problems problems;
	int code;

	xn_problems_init(&problems, arena);
	code = xn_profile_read(arena, path, &problems, ret_profile, err);
	if (code == XN_OK && *ret_profile == NULL)
		return xn_fail(err, XN_EINVALID, "%s:%u: %s", path,
		    problems.first != NULL ? problems.first->mark.line : 0,
		    problems.first != NULL ? problems.first->text : "not a profile");
	return code;
}

int
xn_profile_load(struct xn_arena *arena, const char *dir, const char *name,
    struct xn_profile **ret_profile, struct xn_error *err)
{
	char path[PATH_SIZE];

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return xn_fail(err, XN_EINVALID, "profile: a name, not a path");
	if ((size_t)snprintf(path, sizeof(path), "%s/%s.yaml", dir, name) >= sizeof(path))
		return xn_fail(err, XN_EINVALID, "profile: the name is too long");
	if (access(path, F_OK) < 0)
		return xn_fail(err, XN_ENOTFOUND, "no profile \"%s\" in %s", name, dir);
	return load_path(arena, path, ret_profile, err);
}

static int
is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".yaml") == 0;
}

int
xn_profile_load_all(struct xn_arena *arena, const char *dir, bool modbus,
    const struct xn_profile **ret_profiles, unsigned size, unsigned *ret_count,
    struct xn_error *err)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, is_yaml, alphasort);
	unsigned used = 0;
	int code = XN_OK;

	if (count < 0)
		return xn_fail(err, XN_EREAD, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < count; i++) {
		struct xn_profile *profile = NULL;
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		free(entries[i]);
		if (code == XN_OK)
			code = load_path(arena, path, &profile, err);
		if (profile != NULL && profile->modbus == modbus && used < size)
			ret_profiles[used++] = profile;
	}
	free(entries);
	/* Standard MIBs after the families that say more; the order of names stays within both. */
	for (unsigned i = 1; i < used; i++) {
		for (unsigned j = i;
		     j > 0 && ret_profiles[j - 1]->standard && !ret_profiles[j]->standard; j--) {
			const struct xn_profile *other = ret_profiles[j];

			ret_profiles[j] = ret_profiles[j - 1];
			ret_profiles[j - 1] = other;
		}
	}
	*ret_count = used;
	return code;
}

/* Up from the program's own folder: build/release/xanh stands in a source tree. */
static bool
find_beside(char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);

	if (length <= 0)
		return false;
	path[length] = '\0';
	for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
		size_t left = size - (size_t)(slash - path);

		if ((size_t)snprintf(slash, left, "/drivers/profiles") < left &&
		    access(path, R_OK) == 0)
			return true;
		if ((size_t)snprintf(slash, left, "/share/xanh/profiles") < left &&
		    access(path, R_OK) == 0)
			return true;
		*slash = '\0';
	}
	return false;
}

const char *
xn_profile_dir(void)
{
	static _Thread_local char found[PATH_SIZE];
	const char *named = getenv("XANH_PROFILES");

	if (named != NULL && named[0] != '\0')
		return named;
	if (find_beside(found, sizeof(found)))
		return found;
	return XN_PROFILE_DIR;
}
