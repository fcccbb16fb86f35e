/*
 * Profile: what an electrician knows of a device family, as data (drivers/profiles/NAME.yaml): how
 * to recognise it, which objects or registers to read, their unit, and the values that mean "none".
 * docs/man/xanh-profile.5 is the language. A profile is read-only once loaded and lives in the
 * arena it was read into; devices share it.
 *
 * Invariants of a loaded profile: (1) every point has exactly one source; (2) names of points
 * without a hole are unique, and only columns have holes; (3) units belong to the point's class;
 * (4) a point's registers lie below 65536; (5) every hole of a companion's index is one of the
 * point's index.
 */
#ifndef XN_DRIVERS_PROFILE_H
#define XN_DRIVERS_PROFILE_H

#include "common/problem.h"
#include "drivers/modbus_profile.h"
#include "drivers/snmp_codec.h"
#include "drivers/url.h"

#define XN_PROFILE_POINTS_MAX  1024
#define XN_PROFILE_WORDS_MAX   512
#define XN_PROFILE_LIST_MAX    64 /* parts of a sum, values of a condition, codes for "none" */
#define XN_PROFILE_MATCHES_MAX 128

enum xn_from {
	XN_FROM_OBJECT,   /* one OID */
	XN_FROM_COLUMN,   /* a table's column: a reading per row */
	XN_FROM_REGISTER, /* registers or a bit */
	XN_FROM_SUM       /* of other points; not printed by probe */
};

/* Another object that says something about a value: in the same row, in another one, or one for
 * all. */
struct xn_companion {
	struct xn_oid oid; /* count 0: there is none */
	bool column;
	const char *index; /* of a column: how its row is called; NULL: as the value's */
};

/* A value a companion may have: a number in a range, or a text that fits a pattern as of
 * fnmatch(3).
 */
struct xn_accepted {
	bool number;
	struct xn_range range;
	const char *pattern;
};

struct xn_condition {
	struct xn_companion of;
	bool otherwise; /* any value but these */
	const struct xn_accepted *accepted;
	unsigned count;
};

/* What a companion's number or text means: a unit ("0.1 degF"), or a factor ("0.001"). */
struct xn_meaning {
	struct xn_accepted when;
	const char *text;
};

enum xn_scaling {
	XN_SCALING_DIVISOR,  /* value / n */
	XN_SCALING_DIGITS,   /* value / 10^n */
	XN_SCALING_EXPONENT, /* value * 10^n */
	XN_SCALING_SIGNED,   /* value * n, or value / -n when n is negative */
	XN_SCALING_WORDS     /* as the list says */
};

/* A unit or factor that is read from the device. */
struct xn_told {
	struct xn_companion of;
	enum xn_scaling scaling; /* of a factor */
	struct xn_meaning *meanings;
	unsigned count;
	const char
	    *otherwise; /* the unit when the device does not say; NULL: then there is no row */
};

#define XN_POINT_CONDITIONS_MAX 4

struct xn_point_spec {
	const char *name;  /* with holes: {n}, {1}, {name}, or a word of `index` */
	const char *first; /* of a column: the name where {n} is 1; NULL: as the others */
	enum xn_from from;
	struct xn_rule rule;
	bool optional; /* left out when the device has never had it */
	struct xn_oid oid;
	const char *index;               /* of a column: pattern of a row's index; NULL: any */
	const struct xn_condition *when; /* a row that does not meet all is no reading */
	unsigned when_count;
	const struct xn_condition *valid; /* read with every poll; else the reading is absent */
	const struct xn_companion *name_from;
	const struct xn_told *unit_from;
	const struct xn_told *scale_from;
	const struct xn_modbus_source *registers;
	/* sums */
	const char **parts;
	unsigned part_count;
};

/* One way to recognise a device: everything it names must hold. */
struct xn_match {
	struct xn_oid object_id; /* sysObjectID is it or below; count 0: not asked */
	const char *descr;       /* pattern of sysDescr; NULL: not asked */
	struct xn_oid probe;     /* something stands there or below; count 0: not asked */
	const char *text;        /* pattern of what stands there */
	const struct xn_modbus_marker *markers; /* of Modbus */
	unsigned marker_count;
};

struct xn_profile {
	const char *name;
	const char *vendor;
	const char *title;
	bool modbus;   /* else SNMP */
	bool sunspec;  /* points come from SunSpec models */
	bool standard; /* only a standard MIB: the last to be tried */
	bool floating; /* its base stands below the device's own sysObjectID */
	struct xn_match *matches;
	unsigned match_count;
	struct xn_oid model_oid; /* count 0 if there is none, as of the maker's */
	struct xn_oid maker_oid;
	const char *model_mark; /* the word in sysDescr that the model follows ("MN:") */
	unsigned objects_max;   /* of one GET */
	unsigned rows_max;      /* of one GETBULK */
	unsigned pause_ms;      /* between requests */
	const struct xn_modbus_family *registers; /* of Modbus; NULL: SNMP */
	const struct xn_point_spec *points;
	unsigned point_count;
};

/*
 * Reads one profile into `arena`; the tree of its text only needs `scratch` (which may be the
 * same). What is wrong with the text becomes problems (and *ret_profile NULL); XN_EREAD when the
 * file cannot be read. Without `points` the profile has none: enough to recognise a device.
 * `object_id` is the device's, for a profile whose base stands below it.
 */
int xn_profile_read(struct xn_arena *arena, struct xn_arena *scratch, const char *path, bool points,
    const struct xn_oid *object_id, struct xn_problems *problems, struct xn_profile **ret_profile,
    struct xn_error *err);

#endif
