/*
 * Decimal: a number as it is written ("-12.50", "1e6"), kept exactly, with how fine it was written.
 */
#ifndef XN_COMMON_DECIMAL_H
#define XN_COMMON_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

struct xn_decimal {
	int64_t digits;
	int places;   /* value = digits / 10^places; may be below 0 */
	double value; /* the nearest */
};

/* False if it is no decimal number, has more than 18 digits that count or is beyond 10^+-18. */
bool xn_decimal_read(const char *text, struct xn_decimal *ret_decimal);

/* The number times `factor`, rounded half away from zero; false if it does not fit. */
bool xn_decimal_scale(const struct xn_decimal *decimal, int64_t factor, int64_t *ret_value);

#endif
