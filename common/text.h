/*
 * Text: UTF-8 read one character at a time, how wide a character stands on a terminal, and which
 * known word is nearest to one that is not known; whole numbers. Pure.
 *
 * Invariant: (1) xn_utf8_take always moves forward when there is a byte left, also over bad bytes.
 */
#ifndef XN_COMMON_TEXT_H
#define XN_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XN_UTF8_BAD UINT32_MAX

/* The next character of [*at, end), which must not be empty; XN_UTF8_BAD (one byte taken) if the
 * bytes are no UTF-8: overlong forms, surrogates and values above U+10FFFF included. */
uint32_t xn_utf8_take(const char **at, const char *end);

/* Whether `character` may stand in a file of ours: not a control character (tab and line ends
 * aside), a line separator of another standard, a byte order mark or a non-character. */
bool xn_text_printable(uint32_t character);

/* Columns a character takes on a terminal: 0 for a combining mark, 2 for a wide one, else 1. */
unsigned xn_text_columns(uint32_t character);

/* How many letters must be changed, added, dropped or swapped to make `b` of `a`; `limit` + 1 when
 * it is more than `limit`. Letters' case counts half, rounded up. */
unsigned xn_text_distance(const char *a, const char *b, unsigned limit);

/* The most letters a slip of the pen may change in a word so long. */
unsigned xn_text_slips(const char *word);

/* A whole number in decimal, or hexadecimal with 0x; false if it is none or out of bounds. */
bool xn_text_number(const char *text, int64_t min, int64_t max, int64_t *ret_value);

#endif
