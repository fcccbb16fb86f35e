/*
 * Profile: what an electrician knows of a device family, as data (drivers/profiles/NAME.yaml): how
 * to recognise it, which objects or registers to read, their unit, and the values that mean "none".
 * A profile is read-only once loaded and lives in the arena it was read into.
 *
 * Invariants of a loaded profile: (1) every point has exactly one source; (2) names of scalar
 * points are unique and a column's name holds one "{n}"; (3) units belong to the point's class; (4)
 * a register point's type fits below 65536.
 */
#ifndef XN_DRIVERS_PROFILE_H
#define XN_DRIVERS_PROFILE_H

#include "common/problem.h"
#include "drivers/modbus_codec.h"
#include "drivers/snmp_codec.h"
#include "drivers/url.h"

#define XN_PROFILE_POINTS_MAX 512
#define XN_PROFILE_LIST_MAX   16 /* ways to recognise, parts of a sum, codes for "none" */

enum xn_from {
	XN_FROM_OBJECT, /* one OID */
	XN_FROM_COLUMN, /* a table's column: a reading per row, {n} is the last number of its OID */
	XN_FROM_LABEL,  /* a row of a labelled table, found by its label */
	XN_FROM_REGISTER, /* registers or a bit */
	XN_FROM_SUM       /* of other points; not printed by probe */
};

struct xn_point_spec {
	const char *name;
	const char *first; /* of a column: the name of row 1; NULL: as the others */
	enum xn_from from;
	struct xn_rule rule;
	bool optional; /* left out when the device has never had it */
	struct xn_oid oid;
	const char *label;
	enum xn_modbus_space space;
	uint16_t address;
	enum xn_modbus_type type;
	enum xn_modbus_order order;
	const char *parts[XN_PROFILE_LIST_MAX];
	unsigned part_count;
};

enum xn_match_kind { XN_MATCH_OID, XN_MATCH_DESCR, XN_MATCH_PROBE, XN_MATCH_TEXT };

struct xn_match {
	enum xn_match_kind kind;
	struct xn_oid oid; /* sysObjectID (it or below), or the object that must answer */
	const char *text;  /* a pattern as of fnmatch(3), or the text that registers begin with */
	uint16_t address;  /* of XN_MATCH_TEXT: holding registers */
};

/* A table that says itself what its rows are: columns of label, value, unit and divisor. */
struct xn_labelled {
	struct xn_oid table; /* columns stand at table.COLUMN */
	uint32_t label;
	uint32_t value;
	uint32_t unit;
	uint32_t divisor;
};

struct xn_profile {
	const char *name;
	const char *vendor;
	const char *title;
	bool modbus;   /* else SNMP */
	bool sunspec;  /* points come from SunSpec models */
	bool standard; /* only a standard MIB: the last to be tried */
	struct xn_match matches[XN_PROFILE_LIST_MAX];
	unsigned match_count;
	bool has_model;
	struct xn_oid model_oid;
	struct xn_oid maker_oid; /* of a standard MIB: count 0 if there is none */
	uint16_t model_address;  /* holding registers, 16 of text */
	const char *model_mark;  /* the word in sysDescr that the model follows ("MN:") */
	struct xn_labelled labelled;
	unsigned registers_max; /* of one read */
	unsigned objects_max;   /* of one GET */
	unsigned pause_ms;      /* between requests */
	const struct xn_point_spec *points;
	unsigned point_count;
};

/*
 * Reads one profile. What is wrong with the text becomes problems (and *ret_profile NULL); XN_EREAD
 * when the file cannot be read. The tree stays in `arena`, whose texts the profile uses.
 */
int xn_profile_read(struct xn_arena *arena, const char *path, struct xn_problems *problems,
    struct xn_profile **ret_profile, struct xn_error *err);

/* The profile NAME of a folder. XN_ENOTFOUND; XN_EINVALID with the first problem. */
int xn_profile_load(struct xn_arena *arena, const char *dir, const char *name,
    struct xn_profile **ret_profile, struct xn_error *err);

/* All profiles of a folder for one transport, in order of name, standard ones last. */
int xn_profile_load_all(struct xn_arena *arena, const char *dir, bool modbus,
    const struct xn_profile **ret_profiles, unsigned size, unsigned *ret_count,
    struct xn_error *err);

#endif
