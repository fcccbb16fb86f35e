/*
 * JSON text: what json.c and csvw.c write by hand, because numbers are printed from their scaled
 * integers and 100,000 rows are not built in memory first.
 */
#ifndef XN_REPORTS_JSON_TEXT_H
#define XN_REPORTS_JSON_TEXT_H

#include "orchestrator/reports/document.h"

/* "text" in quotes; NULL is null. */
void xn_put_json_text(FILE *out, const char *text);
/* {"vi": "...", "en": "..."} */
void xn_put_json_both(FILE *out, const char *const texts[XN_LANGUAGE_COUNT]);

#endif
