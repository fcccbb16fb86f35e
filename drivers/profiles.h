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
	/* Those that were met. A floating one is another for each sysObjectID. */
	struct xn_whole {
		unsigned number;
		struct xn_oid object_id; /* of a floating one; else count 0 */
		const struct xn_profile *profile;
		struct xn_whole *next;
	} * whole;
	struct xn_layout *layouts;
	/* Files that are no profiles were passed over; the first mistake of the first. */
	unsigned broken;
	struct xn_error mistake;
};

/* All profiles of a folder. A file that is wrong is passed over: an electrician's slip must not
 * blind the others. XN_EREAD: there is no such folder. */
int xn_profiles_load(struct xn_profiles **ret_profiles, const char *dir, struct xn_error *err);
void xn_profiles_free(struct xn_profiles *profiles);

/* The number of the profile of that name; -1. */
int xn_profiles_find(const struct xn_profiles *profiles, const char *name);

/* The whole profile of that number for a device of that sysObjectID; NULL with a sentence if its
 * file has gone wrong since. */
const struct xn_profile *xn_profiles_use(struct xn_profiles *profiles, unsigned number,
    const struct xn_oid *object_id, struct xn_error *err);

#endif
