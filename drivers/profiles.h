/*
 * Profiles: all of a folder, loaded once for a process and shared by its devices and threads. The
 * points of a profile are read when the first device of its family is met. Also keeps the layouts
 * that devices of one kind share (layout.h).
 */
#ifndef XN_DRIVERS_PROFILES_H
#define XN_DRIVERS_PROFILES_H

#include <pthread.h>

#include "drivers/profile.h"

#define XN_PROFILES_MAX 512

struct xn_layout;

struct xn_profiles {
	pthread_mutex_t lock; /* of all that follows `count` */
	const char *dir;
	struct xn_arena arena;
	/* Without points, in order of name. */
	const struct xn_profile *heads[XN_PROFILES_MAX];
	unsigned count;
	const struct xn_profile *whole[XN_PROFILES_MAX]; /* NULL: not met yet */
	struct xn_layout *layouts;
};

/* All profiles of a folder. XN_EREAD; XN_EINVALID with the first problem of the first wrong one. */
int xn_profiles_load(struct xn_profiles **ret_profiles, const char *dir, struct xn_error *err);
void xn_profiles_free(struct xn_profiles *profiles);

/* The number of the profile of that name; -1. */
int xn_profiles_find(const struct xn_profiles *profiles, const char *name);

/* The whole profile of that number; NULL with a sentence if its file has gone wrong since. */
const struct xn_profile *xn_profiles_use(
    struct xn_profiles *profiles, unsigned number, struct xn_error *err);

#endif
