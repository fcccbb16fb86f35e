#include "tests/lib/shelf.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A test's own stage has to stand before the test begins. */
static void
require(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	abort();
}

void
shelf_open(struct shelf *shelf)
{
	*shelf = (struct shelf){.dir = "/tmp/xanh-shelf-XXXXXX"};
	require(mkdtemp(shelf->dir) != NULL, shelf->dir);
}

void
shelf_close(struct shelf *shelf)
{
	DIR *dir = opendir(shelf->dir);
	struct dirent *entry;

	xn_profiles_free(shelf->profiles);
	shelf->profiles = NULL;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(shelf->dir);
}

const char *
shelf_put(struct shelf *shelf, const char *name, const char *text)
{
	static _Thread_local char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", shelf->dir, name);
	file = fopen(path, "we");
	require(file != NULL && fputs(text, file) >= 0, path);
	require(fclose(file) == 0, path);
	return path;
}

struct xn_profiles *
shelf_load(struct shelf *shelf)
{
	struct xn_error err = {.code = XN_OK};

	xn_profiles_free(shelf->profiles);
	shelf->profiles = NULL;
	require(xn_profiles_load(&shelf->profiles, shelf->dir, &err) == XN_OK, err.text);
	return shelf->profiles;
}

const struct xn_profile *
shelf_profile(const struct shelf *shelf, const char *name)
{
	const struct xn_oid nothing = {.count = 0};
	int number = xn_profiles_find(shelf->profiles, name);
	struct xn_error err = {.code = XN_OK};
	const struct xn_profile *profile = NULL;

	if (number >= 0)
		profile = xn_profiles_use(shelf->profiles, (unsigned)number, &nothing, &err);
	require(profile != NULL, err.text);
	return profile;
}
