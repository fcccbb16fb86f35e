/*
 * Reading a profile's text, as profile.c (the family) and profile_point.c (its points) share it:
 * scalars out of the tree with a problem where one is wrong. Texts are copied into the profile's
 * arena, since the tree goes.
 */
#ifndef XN_DRIVERS_PROFILE_READ_H
#define XN_DRIVERS_PROFILE_READ_H

#include "common/text.h"
#include "common/yaml.h"
#include "drivers/profile.h"

struct xn_profile_reader {
	struct xn_arena *arena;
	struct xn_problems *problems;
	struct xn_profile *profile;
	const struct xn_oid *object_id;
	struct xn_oid base;
	const struct xn_yaml *enumerations;
};

/* NULL when the key is not there. */
const char *xn_profile_text(
    struct xn_profile_reader *in, const struct xn_yaml *map, const char *key);

/* A whole number of 0 to `max`, or `otherwise` when the key is not there. */
int64_t xn_profile_count(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key,
    int64_t max, int64_t otherwise);

bool xn_profile_yes(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key);

/* The index of a word, or `otherwise` when the key is not there. `words` ends with NULL. */
int xn_profile_choice(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key,
    const char *const *words, int otherwise);

/* An OID; one that begins with a dot stands below the profile's base. False: none, or wrong. */
bool xn_profile_oid(struct xn_profile_reader *in, const struct xn_yaml *map, const char *key,
    struct xn_oid *ret_oid);

/* Reads `points` of the root. */
void xn_profile_points(struct xn_profile_reader *in, const struct xn_yaml *root);

#endif
