/*
 * Index: the numbers behind a column's OID that say which row it is, and the patterns in which a
 * profile speaks of them. A pattern goes part by part: a number; `*`, any; `!5`, any but 5;
 * `{word}`, `{word!5}`, `{word:3-}`, any, any but 5, any from 3 on, under a name that the point's
 * name and its companions' indexes may use; and at the end `**`, any number of further parts.
 * Pure.
 */
#ifndef XN_DRIVERS_INDEX_H
#define XN_DRIVERS_INDEX_H

#include "drivers/snmp_codec.h"

#define XN_INDEX_HOLES_MAX 8
#define XN_INDEX_WORD_SIZE 16

struct xn_index {
	const uint32_t *id; /* of the row */
	unsigned count;
	struct {
		char word[XN_INDEX_WORD_SIZE];
		uint32_t value;
	} holes[XN_INDEX_HOLES_MAX];
	unsigned hole_count;
};

/* Whether it can be read as a pattern. */
bool xn_index_check(const char *pattern);

/* Whether a companion's index can be told from a row's that fits `pattern` (NULL: any): it has
 * numbers, and holes that are there. */
bool xn_index_fills(const char *pattern, const char *companion);

/* Whether every hole of a point's name is {name} or one that such a row has. */
bool xn_index_names(const char *pattern, const char *name);

/* Whether the numbers fit (`pattern` NULL: any do), and what stands in its holes. */
bool xn_index_match(
    const char *pattern, const uint32_t *id, unsigned count, struct xn_index *ret_index);

/*
 * What stands in a hole of the index: {n} is the hole of that word, or else the last number; {1},
 * {2} are its first and second. False if there is none.
 */
bool xn_index_hole(
    const struct xn_index *index, const char *word, size_t size, uint32_t *ret_value);

/* Appends a row's numbers to an OID: those of `pattern`, its holes filled; NULL: the index itself.
 * False if a hole is empty or there is no room. */
bool xn_index_append(const struct xn_index *index, const char *pattern, struct xn_oid *oid);

/*
 * Fills the holes of a point's name; {name} with `label`, lower case, letters, digits and dots, the
 * rest as hyphens. False if a hole is empty.
 */
bool xn_index_name(
    const struct xn_index *index, const char *name, const char *label, char *ret_name, size_t size);

#endif
