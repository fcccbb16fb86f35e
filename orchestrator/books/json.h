/*
 * JSON of the books: how instants, names and amounts are written in every answer. Energies are
 * kWh, exact to the millijoule they were booked with; shares and coverage are numbers from 0 to 1.
 */
#ifndef XN_BOOKS_JSON_H
#define XN_BOOKS_JSON_H

#include <jansson.h>

#include "orchestrator/books/books.h"

/* Empty or NULL: null. A name from outside that is no UTF-8 is "?". */
json_t *xn_json_text(const char *text);
json_t *xn_json_name(const char *text);

/* RFC 3339 with the site's offset, milliseconds only where there are any; ms 0: null. */
json_t *xn_json_instant(xn_instant at, int utc_offset_s);

json_t *xn_json_kwh(xn_energy energy);

/* Measured time of the time to be measured, and estimated energy of all; nothing: null. */
json_t *xn_json_coverage(const struct xn_amount *amount);
json_t *xn_json_estimated(const struct xn_amount *amount);

/* Sets energy_kwh, coverage, estimated_share, quality and events. */
void xn_json_amount(json_t *object, const struct xn_amount *amount);

/* "grid", "vm"; and back: XN_ACCOUNT_COUNT if there is none of this name. */
const char *xn_account_word(enum xn_account account);
enum xn_account xn_account_of(const char *word);

/* "grid", "outlet" of an enum xn_meter_role, as a database has it; "?" of none. */
const char *xn_role_word(int role);

/* "M", "-". */
char xn_grade_letter(enum xn_grade grade);
json_t *xn_json_grade(enum xn_grade grade);
/* Words of enum xn_meter_event, as a list. */
json_t *xn_json_events(uint32_t events);

/* Adds one amount to another: sums, the worse grade, all events. */
void xn_amount_add(struct xn_amount *sum, const struct xn_amount *part);

#endif
