/*
 * Layout: what the readings of a device are (names, sources, rules), made when the device is
 * recognised and the same at every poll. Devices of one kind share one layout, so that a thousand
 * PDUs cost a thousand sets of numbers, not of names.
 *
 * Owns its arena, in which the transport keeps what it needs to read the points. Invariants: (1)
 * names are unique; (2) a layout that is shared is never changed; (3) it is freed with its last
 * user.
 */
#ifndef XN_DRIVERS_LAYOUT_H
#define XN_DRIVERS_LAYOUT_H

#include "drivers/profile.h"

#define XN_LAYOUT_POINTS_MAX 4096

struct xn_layout {
	struct xn_arena arena;
	struct xn_point *points;
	unsigned count;
	const void *reads; /* the transport's, in the arena */
	/* Of the library. */
	uint64_t print; /* over everything that makes two layouts the same */
	unsigned users;
	struct xn_layout *next;
	/* While it is made. */
	struct xn_arena
	    making;      /* of names and points; mapped, so that it goes back to the system */
	uint16_t *names; /* points by the hash of their name */
};

struct xn_layout *xn_layout_new(void);

/*
 * Adds a point; its index, or -1 when there is no room. Texts are copied. A name that is there
 * already gets a number behind it. `rule` outlives the layout or lies in its arena.
 */
int xn_layout_add(struct xn_layout *layout, const char *name, const char *source,
    const struct xn_rule *rule, bool computed);

/* Adds the sums of the profile. */
void xn_layout_add_sums(struct xn_layout *layout, const struct xn_profile *profile);

/* The index of a name; -1. */
int xn_layout_find(const struct xn_layout *layout, const char *name);

/* What the transport adds to the layout's print. */
void xn_layout_mix(struct xn_layout *layout, const void *bytes, size_t size);

/* Ends the making: gives the library's layout of the same print, or this one. */
struct xn_layout *xn_layout_share(struct xn_layout *layout, struct xn_profiles *profiles);
void xn_layout_drop(struct xn_layout *layout, struct xn_profiles *profiles);

#endif
