#include "drivers/profiles.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/share.h"
#include "drivers/driver.h"

#define PATH_SIZE     1024

/* Address space; pages cost memory once touched. */
#define KEEP_BYTES    (64u << 20)
#define SCRATCH_BYTES (64u << 20)

/* What is left for floating profiles, of which a device that names itself anew at every poll would
 * want no end. */
#define SPARE_BYTES   (16u << 20)

#ifndef XN_PROFILE_DIR
#define XN_PROFILE_DIR "/usr/local/share/xanh/profiles"
#endif

static int
read_one(struct xn_profiles *profiles, struct xn_arena *scratch, const char *name, bool points,
    const struct xn_oid *object_id, const struct xn_profile **ret_profile, struct xn_error *err)
{
	struct xn_problems problems;
	struct xn_profile *profile = NULL;
	size_t before = profiles->arena.used;
	char path[PATH_SIZE];
	int code;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", profiles->dir, name) >= sizeof(path))
		return xn_fail(err, XN_EINVALID, "profile %s: the path is too long", name);
	xn_arena_reset(scratch);
	xn_problems_init(&problems, scratch);
	code = xn_profile_read(
	    &profiles->arena, scratch, path, points, object_id, &problems, &profile, err);
	/* It is read again at every poll of its device, until it is mended. */
	if (profile == NULL)
		profiles->arena.used = before;
	if (code == XN_OK && profile == NULL)
		return xn_fail(err, XN_EINVALID, "%s:%u: %s", path,
		    problems.first != NULL ? problems.first->mark.line : 0,
		    problems.first != NULL ? problems.first->text : "not a profile");
	*ret_profile = profile;
	return code;
}

static int
is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".yaml") == 0;
}

static void
read_head(struct xn_profiles *profiles, struct xn_arena *scratch, const char *name)
{
	const struct xn_oid nothing = {.count = 0};
	const struct xn_profile *head;
	struct xn_error err;

	if (read_one(profiles, scratch, name, false, &nothing, &head, &err) == XN_OK)
		profiles->heads[profiles->count++] = head;
	else if (profiles->broken++ == 0)
		profiles->mistake = err;
}

static int
read_all(struct xn_profiles *profiles, struct xn_arena *scratch, struct xn_error *err)
{
	struct dirent **entries;
	int count = scandir(profiles->dir, &entries, is_yaml, alphasort);
	int code = XN_OK;

	if (count < 0)
		return xn_fail(err, XN_EREAD, "%s: %s", profiles->dir, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (code == XN_OK && profiles->count == XN_PROFILES_MAX)
			code = xn_fail(err, XN_EFULL, "%s: more than %d profiles", profiles->dir,
			    XN_PROFILES_MAX);
		else if (code == XN_OK)
			read_head(profiles, scratch, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return code;
}

int
xn_profiles_load(struct xn_profiles **ret_profiles, const char *dir, struct xn_error *err)
{
	struct xn_profiles *profiles = calloc(1, sizeof(*profiles));
	struct xn_arena scratch;
	int code;

	if (profiles == NULL)
		return xn_fail(err, XN_ESYSTEM, "profiles: no memory");
	pthread_mutex_init(&profiles->lock, NULL);
	xn_arena_map(&profiles->arena, KEEP_BYTES);
	xn_arena_map(&scratch, SCRATCH_BYTES);
	profiles->dir = xn_text(&profiles->arena, "%s", dir);
	code = read_all(profiles, &scratch, err);
	xn_arena_unmap(&scratch);
	if (code < 0) {
		xn_profiles_free(profiles);
		return code;
	}
	*ret_profiles = profiles;
	return XN_OK;
}

void
xn_profiles_free(struct xn_profiles *profiles)
{
	if (profiles == NULL)
		return;
	assert(profiles->layouts == NULL);
	pthread_mutex_destroy(&profiles->lock);
	xn_arena_unmap(&profiles->arena);
	free(profiles);
}

int
xn_profiles_find(const struct xn_profiles *profiles, const char *name)
{
	for (unsigned i = 0; i < profiles->count; i++) {
		if (strcmp(profiles->heads[i]->name, name) == 0)
			return (int)i;
	}
	return -1;
}

static const struct xn_profile *
read_whole(struct xn_profiles *profiles, unsigned number, const struct xn_oid *object_id,
    struct xn_error *err)
{
	const struct xn_profile *profile = NULL;
	struct xn_whole *whole;
	struct xn_arena scratch;
	char name[256];

	if (xn_arena_room(&profiles->arena) < SPARE_BYTES) {
		xn_fail(err, XN_EFULL, "profile %s: too many kinds of devices",
		    profiles->heads[number]->name);
		return NULL;
	}
	snprintf(name, sizeof(name), "%s.yaml", profiles->heads[number]->name);
	xn_arena_map(&scratch, SCRATCH_BYTES);
	if (read_one(profiles, &scratch, name, true, object_id, &profile, err) < 0)
		profile = NULL;
	xn_arena_unmap(&scratch);
	if (profile == NULL)
		return NULL;
	whole = xn_new(&profiles->arena, struct xn_whole, 1);
	*whole = (struct xn_whole){
	    .number = number, .object_id = *object_id, .profile = profile, .next = profiles->whole};
	profiles->whole = whole;
	return profile;
}

const struct xn_profile *
xn_profiles_use(struct xn_profiles *profiles, unsigned number, const struct xn_oid *object_id,
    struct xn_error *err)
{
	const struct xn_oid nothing = {.count = 0};
	const struct xn_profile *profile;
	const struct xn_whole *whole;

	assert(number < profiles->count);
	if (!profiles->heads[number]->floating)
		object_id = &nothing;
	pthread_mutex_lock(&profiles->lock);
	for (whole = profiles->whole; whole != NULL; whole = whole->next) {
		if (whole->number == number && xn_oid_compare(&whole->object_id, object_id) == 0)
			break;
	}
	profile = whole != NULL ? whole->profile : read_whole(profiles, number, object_id, err);
	pthread_mutex_unlock(&profiles->lock);
	return profile;
}

const char *
xn_profile_dir(void)
{
	static _Thread_local char found[PATH_SIZE];
	const char *named = getenv("XANH_PROFILES");

	if (named != NULL && named[0] != '\0')
		return named;
	if (xn_share_find("drivers/profiles", "profiles", found, sizeof(found)))
		return found;
	return XN_PROFILE_DIR;
}
