/*
 * Log: one event per line on standard error, what and where first, text escaped, with the priority
 * prefix that journald understands:
 *
 *     <4>unit=bus rack=r07 dev=pdu-a state=stale age_s=21 last="no reply in 500 ms"
 *
 * Lines are written with one call, so threads do not mix theirs. A fault that repeats is said once,
 * counted, and said again when it ends: its owner keeps a struct xn_log_repeat for it.
 */
#ifndef XN_COMMON_LOG_H
#define XN_COMMON_LOG_H

#include <stddef.h>
#include <stdint.h>

enum xn_log_priority {
	XN_LOG_CRITICAL = 2,
	XN_LOG_ERROR = 3,
	XN_LOG_WARNING = 4,
	XN_LOG_NOTICE = 5,
	XN_LOG_INFO = 6,
	XN_LOG_DEBUG = 7,
};

struct xn_log_field {
	const char *key;
	const char *text; /* NULL: the number */
	int64_t number;
};

#define XN_TEXT(key_, text_)        ((struct xn_log_field){.key = (key_), .text = (text_)})
#define XN_NUMBER(key_, number_)    ((struct xn_log_field){.key = (key_), .number = (number_)})
/* At least one field: xn_log(XN_LOG_NOTICE, "uplink", XN_TEXT("state", "up"), XN_NUMBER("queue",
 * 3)); */
#define XN_FIELDS(...)              ((const struct xn_log_field[]){__VA_ARGS__, {.key = NULL}})
#define xn_log(priority, unit, ...) xn_log_write((priority), (unit), XN_FIELDS(__VA_ARGS__))

void xn_log_write(
    enum xn_log_priority priority, const char *unit, const struct xn_log_field *fields);

/* One kind of fault in one place; zeroed at the start. */
struct xn_log_repeat {
	uint32_t line; /* checksum of what was said */
	uint64_t count;
};

/* Says the fault if it is new or its words changed, otherwise counts it. */
#define xn_log_fault(repeat, priority, unit, ...)                                                  \
	xn_log_fault_write((repeat), (priority), (unit), XN_FIELDS(__VA_ARGS__))
void xn_log_fault_write(struct xn_log_repeat *repeat, enum xn_log_priority priority,
    const char *unit, const struct xn_log_field *fields);

/* Says, if there was a fault, that it is over, with how often it was met (`times`). */
#define xn_log_over(repeat, unit, ...) xn_log_over_write((repeat), (unit), XN_FIELDS(__VA_ARGS__))
void xn_log_over_write(
    struct xn_log_repeat *repeat, const char *unit, const struct xn_log_field *fields);

/* Lays one line out into `ret_line` (with its newline, cut to size); returns its length. */
#define XN_LOG_LINE_SIZE 1024
size_t xn_log_format(enum xn_log_priority priority, const char *unit,
    const struct xn_log_field *fields, char ret_line[XN_LOG_LINE_SIZE]);

#endif
