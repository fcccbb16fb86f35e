/*
 * How much may be unexplained: the balance of an interval is a sum over meters, each of which errs
 * within its class. A class is a rectangle of which u = class / sqrt(3) is the standard
 * uncertainty; meter and current transformers and all meters are taken as independent, so squares
 * add up, and k = 2 covers 95 % (GUM, JCGM 100:2008, 4.3.7 and 5.1). Losses that cables and UPS
 * explain were taken out before (XN_LEDGER_LOSSES_PPM).
 */
#ifndef XN_CORE_LEDGER_DOUBT_H
#define XN_CORE_LEDGER_DOUBT_H

#include "orchestrator/core/core.h"

#define XN_DOUBT_CLASS_PPM  10000 /* of a meter whose class is not given: 1 % */
#define XN_DOUBT_INTERVALS  2     /* in a row, before somebody is told */

/* A meter that was read for less of an interval is the first to be suspected; then whose class
 * allows it most. */
#define XN_DOUBT_SILENT_PPM 900000

/* Sets core->doubt from the interval that is being closed. */
void xn_ledger_doubt(struct xn_core *core);

/* Whether a feed of a rack has a meter of its own; then its outlets are not in the balance. */
bool xn_ledger_metered(const struct xn_core *core, uint32_t rack, int feed);

/* floor(sqrt(square)). */
int64_t xn_ledger_root(xn_register square);

#endif
