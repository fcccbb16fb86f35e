/*
 * Case: one row of a vectors file (`xanh metric check`): fields that give numbers and fields that
 * give what must come out. What is worked out follows from the fields alone. Everything is in the
 * arena; what is wrong with the form becomes problems.
 */
#ifndef XN_CLI_METRIC_CASE_H
#define XN_CLI_METRIC_CASE_H

#include <jansson.h>

#include "common/decimal.h"
#include "common/yaml.h"
#include "orchestrator/books/library.h"

struct metric_case {
	const struct xn_yaml *node; /* a map */
	struct xn_arena *arena;
	struct xn_problems *problems;
	const struct xn_library *library;
};

/* A number of a field; false with a problem. */
bool xn_metric_number(
    const struct metric_case *one, const struct xn_yaml *node, struct xn_decimal *ret_number);

/* Whether a field says what must come out. */
bool xn_metric_expects(const char *key);

/*
 * What came out: of `name` ("pue", "U_k2"), or with NULL of the indicator that the fields are for.
 * A number, a word ("no_data", "reject:pue_lt_1", "met"), or null when the fields do not make it.
 * The caller owns the value. Each kind of case has one.
 */
struct metric_kpi;
const struct metric_kpi *xn_metric_kpi_read(const struct metric_case *one);
json_t *xn_metric_kpi(const struct metric_kpi *kpi, const char *name);

/* {"peak": kWh, "normal": .., "offpeak": ..}; NULL with problems. */
json_t *xn_metric_tou(const struct metric_case *one);

/* Of readings: {"pieces": [{"kwh", "quality", ..}], "kwh", "total_kwh", "missing_s", "flag"}; of a
 * register's step {"config"}; NULL with problems. */
json_t *xn_metric_counter(const struct metric_case *one);

#endif
