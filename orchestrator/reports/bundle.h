/*
 * Bundle: a period's open data in a folder: CSVs with CSVW metadata, a DCAT 3 record in JSON-LD,
 * manifest, signature and sums. What is sensitive (names of racks, hosts, VMs, meters) is dropped,
 * and a class of fewer than three members is suppressed.
 */
#ifndef XN_REPORTS_BUNDLE_H
#define XN_REPORTS_BUNDLE_H

#include "orchestrator/reports/export.h"

#define XN_BUNDLE_MEMBERS 3 /* a class needs at least so many */

struct xn_bundle {
	const char *state;
	struct xn_signer *signer; /* NULL */
	const char *folder;       /* made if it is not there */
	struct xn_period period;
	const struct xn_facts *facts;
	void (*progress)(void *context, const char *what); /* NULL */
	void *context;
};

int xn_bundle_write(struct xn_books *books, const struct xn_bundle *bundle, struct xn_error *err);

#endif
