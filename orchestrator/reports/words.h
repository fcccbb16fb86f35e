/*
 * Words: what the frame of a report says by itself, in both languages; the terms are those of the
 * glossary. Times and periods as people of a language write them.
 */
#ifndef XN_REPORTS_WORDS_H
#define XN_REPORTS_WORDS_H

#include "orchestrator/reports/document.h"

enum xn_word {
	XN_WORD_SUMMARY,
	XN_WORD_SITE,
	XN_WORD_PERIOD,
	XN_WORD_IDENTIFIER,
	XN_WORD_REVISION,
	XN_WORD_STATE,
	XN_WORD_DRAFT,
	XN_WORD_DRAFT_MARK, /* across a page */
	XN_WORD_FROZEN,
	XN_WORD_FILED,
	XN_WORD_DATA, /* completeness of the data */
	XN_WORD_COMPLETE,
	XN_WORD_INCOMPLETE,
	XN_WORD_SLICE,
	XN_WORD_PAGE,
	XN_WORD_WARNING,
	XN_WORD_REMARK,
	XN_WORD_ESTIMATED,
	XN_WORD_MISSING,
	XN_WORD_NO_ROWS,
	XN_WORD_ROWS_LEFT_OUT, /* after a number */
	XN_WORD_COUNT
};

enum { XN_PERIOD_TEXT_MAX = 96 };

const char *xn_word(enum xn_word word, enum xn_language language);

/* Of document->state; a state that is none of ours stands as it is. */
const char *xn_word_state(const struct xn_document *document, enum xn_language language);

/* "25/11/2026 07:00" or "2026-11-25 07:00" in the site's time, seconds where there are. */
void xn_word_time(char ret_text[XN_TIME_TEXT_MAX], const struct xn_document *document,
    enum xn_field_kind kind, int64_t ms, enum xn_language language);

/* "01/11/2026 - 30/11/2026 (UTC+07:00)": the last day when both ends are midnights. */
void xn_word_period(char ret_text[XN_PERIOD_TEXT_MAX], const struct xn_document *document,
    enum xn_language language);

/* A field's title with its unit, unless the title says it. */
void xn_word_field(
    char *ret_text, size_t size, const struct xn_field *field, enum xn_language language);

#endif
