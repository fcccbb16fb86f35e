/*
 * Facts: what people tell a report because no meter can (report-facts.yaml in the state folder):
 *
 *   xanh: 1
 *   kind: report-facts
 *   fields: {dc_type: enterprise, s_dc_m2: 1200}      # by name, see policies/library
 *   measures:
 *     - {name: raise setpoint, investment_vnd: 0, saved_kwh: 120000, done: 100 %}
 *   publisher: Ban quản lý hạ tầng số
 *   licence: https://creativecommons.org/licenses/by/4.0/
 *   spatial: VN-HN
 *
 * The text is part of a report's config hash and lies beside a frozen one.
 */
#ifndef XN_REPORTS_FACTS_H
#define XN_REPORTS_FACTS_H

#include "common/yaml.h"

#define XN_FACTS_FILE "report-facts.yaml"

struct xn_facts_field {
	const char *name, *value;
};

struct xn_facts_measure {
	const char *name;
	int64_t investment_vnd, saved_kwh; /* -1: not given */
	int64_t done_ppm;                  /* -1 */
};

struct xn_facts {
	const char *text; /* as it was read; "" */
	size_t size;
	const struct xn_facts_field *fields;
	unsigned field_count;
	const struct xn_facts_measure *measures;
	unsigned measure_count;
	const char *publisher, *licence, *spatial; /* NULL */
};

/* Reads the file into the arena. `path` NULL: that of the state folder, which may be absent; a file
 * that was named must be there. XN_EREAD; mistakes become problems. */
int xn_facts_read(struct xn_arena *arena, const char *path, const char *state_folder,
    struct xn_problems *problems, struct xn_facts *ret_facts, struct xn_error *err);

/* NULL: not given. */
const char *xn_facts_get(const struct xn_facts *facts, const char *name);

#endif
