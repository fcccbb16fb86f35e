#include "common/decimal.h"

#include <stdlib.h>

#include "common/text.h"

#define DIGITS_MAX INT64_C(999999999999999999)
#define PLACES_MAX 18

static bool
take_digit(const char **at, int64_t *digits)
{
	if (**at < '0' || **at > '9' || *digits > DIGITS_MAX / 10)
		return false;
	*digits = *digits * 10 + (*(*at)++ - '0');
	return true;
}

bool
xn_decimal_read(const char *text, struct xn_decimal *ret_decimal)
{
	const char *at = *text == '-' || *text == '+' ? text + 1 : text;
	const char *first = at;
	int64_t exponent = 0;
	int64_t digits = 0;
	int places = 0;

	while (take_digit(&at, &digits))
		;
	if (at == first)
		return false;
	if (*at == '.') {
		first = ++at;
		while (take_digit(&at, &digits))
			places++;
		if (at == first)
			return false;
	}
	if (*at == 'e' || *at == 'E') {
		at += at[1] == '+' ? 2 : 1;
		if (!xn_text_number(at, -PLACES_MAX, PLACES_MAX, &exponent))
			return false;
	} else if (*at != '\0') {
		return false;
	}
	if (places - exponent > PLACES_MAX || places - exponent < -PLACES_MAX)
		return false;
	ret_decimal->digits = *text == '-' ? -digits : digits;
	ret_decimal->places = places - (int)exponent;
	ret_decimal->value = strtod(text, NULL);
	return true;
}

bool
xn_decimal_scale(const struct xn_decimal *decimal, int64_t factor, int64_t *ret_value)
{
	__extension__ typedef __int128 wide;
	wide product = (wide)decimal->digits * factor;
	wide divisor = 1;

	for (int i = 0; i < decimal->places; i++)
		divisor *= 10;
	product += (product < 0 ? -divisor : divisor) / 2;
	product /= divisor;
	for (int i = 0; i > decimal->places; i--) {
		if (product > INT64_MAX || product < INT64_MIN)
			return false;
		product *= 10;
	}
	if (product > INT64_MAX || product < INT64_MIN)
		return false;
	*ret_value = (int64_t)product;
	return true;
}
