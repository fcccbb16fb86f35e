/*
 * Reading: from a raw number, as a device sent it, to a reading with unit and quality. Pure.
 *
 * Invariants: (1) an absent reading has a `why`; every other has a finite value that is possible
 * for its class (a power factor in -1..1, a humidity in 0..100); (2) a value the device uses for
 * "none" is absent, never 0; (3) a value outside the profile's plausible window is suspect, with
 * `why` saying so.
 */
#ifndef XN_DRIVERS_READING_H
#define XN_DRIVERS_READING_H

#include "drivers/driver.h"

/* A number as it was on the wire: an integer, or a real. */
enum xn_raw_kind { XN_RAW_NONE, XN_RAW_INTEGER, XN_RAW_REAL };

struct xn_raw {
	enum xn_raw_kind kind;
	int64_t integer;
	double real;
	uint64_t bits;   /* of registers: as they stood, to be compared with the codes for "none" */
	const char *why; /* of XN_RAW_NONE: a constant text */
};

/* What one raw count is worth: raw * num / den in the class's unit, then from degF or K to degC. */
enum xn_degrees { XN_CELSIUS, XN_FAHRENHEIT, XN_KELVIN };

struct xn_scale {
	int64_t num;
	int64_t den;
	enum xn_degrees degrees;
};

/* "0.1 kWh", "10 W", "degF", "CFM" as a scale of `class_`; false if it is no unit of that class. */
bool xn_scale_parse(const char *text, enum xn_point_class class_, struct xn_scale *ret_scale);

enum xn_encoding {
	XN_PLAIN,
	XN_FOUR_QUADRANT, /* Schneider: above 1 leading, below -1 likewise */
	XN_MAGNITUDE,     /* the sign says lead or lag only */
};

/* What a state means to an operator. */
enum xn_severity { XN_SEVERITY_OK, XN_SEVERITY_WARNING, XN_SEVERITY_CRITICAL, XN_SEVERITY_UNKNOWN };

struct xn_word {
	int64_t value;
	const char *sent; /* of a device that sends words: the word it sends; else NULL */
	const char *text;
	enum xn_severity severity;
};

/* Raw numbers from `least` to `most`. */
struct xn_range {
	int64_t least;
	int64_t most;
};

/* How to judge a raw number; part of a profile's point. */
struct xn_rule {
	enum xn_point_class class_;
	struct xn_scale scale;
	struct xn_scale other_scale; /* tried when the value is outside the window; num 0: none */
	enum xn_encoding encoding;
	const struct xn_range *none; /* raw values that mean "none" */
	unsigned none_count;
	const struct xn_word *words; /* of a state */
	unsigned word_count;
	int64_t mask; /* the bits of a state that its words are of; 0: all */
	bool windowed;
	double min;
	double max;        /* plausible, in the class's unit */
	const char *doubt; /* why every value is suspect: the sources disagree; NULL: they do not */
	unsigned counter_bits; /* of an energy register; 0: not told */
	bool counter_resets;   /* a person can clear it */
};

/* Fills sample, value and why. */
void xn_reading_take(struct xn_reading *reading, const struct xn_rule *rule, struct xn_raw raw);

/* Makes it absent; `why` is a constant text. */
void xn_reading_drop(struct xn_reading *reading, const char *why);

/* The word of a state; NULL if it has none. */
const struct xn_word *xn_reading_word(const struct xn_reading *reading, const struct xn_rule *rule);

const char *xn_severity_word(enum xn_severity severity);

/* The state's number for a word the device sent; NULL if it is none of the rule's. */
const struct xn_word *xn_rule_sent(const struct xn_rule *rule, const char *text, size_t size);

#endif
