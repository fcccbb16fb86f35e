/*
 * Survey: everything a profile may want of a device, read once when the device is recognised, and
 * kept just long enough to plan from it. Which columns and objects are wanted is registered first.
 *
 * Owns copies of all values in its own arena. Invariants: (1) a column or object is registered
 * once; (2) rows of a column stay in the order of the walk.
 */
#ifndef XN_DRIVERS_SNMP_SURVEY_H
#define XN_DRIVERS_SNMP_SURVEY_H

#include "common/arena.h"
#include "drivers/profile.h"
#include "drivers/snmp_wire.h"

#define XN_SURVEY_COLUMNS_MAX 1024
#define XN_SURVEY_OBJECTS_MAX 2048
#define XN_SURVEY_ROWS_MAX    65536
#define XN_SURVEY_BUCKETS     1024

struct xn_survey_row {
	const uint32_t *id;
	unsigned count;
	struct xn_snmp_value value;
	const struct xn_survey_row *next;   /* of the same column */
	const struct xn_survey_row *before; /* of the same hash, that came before */
};

struct xn_survey {
	struct xn_arena arena;
	struct xn_oid_ref columns[XN_SURVEY_COLUMNS_MAX];
	struct xn_survey_row *first[XN_SURVEY_COLUMNS_MAX];
	struct xn_survey_row *last[XN_SURVEY_COLUMNS_MAX];
	unsigned column_count;
	struct xn_oid_ref objects[XN_SURVEY_OBJECTS_MAX];
	unsigned object_count;
	unsigned cell_count;                                    /* rows and objects together */
	const struct xn_survey_row *buckets[XN_SURVEY_BUCKETS]; /* the last of each hash */
};

/* NULL: no memory. Registers all that the profile wants. */
struct xn_survey *xn_survey_new(const struct xn_profile *profile);
void xn_survey_free(struct xn_survey *survey);

/* What the walks and the GET give (xn_snmp_take with the survey behind them). */
void xn_survey_take_row(struct xn_survey *survey, unsigned column, const struct xn_oid *oid,
    const struct xn_snmp_value *value);
void xn_survey_take_object(
    struct xn_survey *survey, unsigned object, const struct xn_snmp_value *value);

/* The first row of a column, then by `next`; NULL: none. */
const struct xn_survey_row *xn_survey_rows(
    const struct xn_survey *survey, const struct xn_oid *column);

/* The value at an OID; NULL if it was not given. */
const struct xn_snmp_value *xn_survey_cell(
    const struct xn_survey *survey, const struct xn_oid *oid);

#endif
