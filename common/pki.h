/*
 * PKI: the site's own small certificate authority and the identities it gives out. Keys are ECDSA
 * P-256; the key that signs reports is RSA, whose signature of the same bytes is the same. Who a
 * peer is stands in one URI of its certificate, xanh://SITE/KIND/NAME, and nowhere else; the common
 * name is "KIND:NAME", which is no host name, so that an agent's certificate can never pass for a
 * server's.
 *
 * Invariants: (1) nothing that exists is overwritten; (2) key files are made with mode 0600; (3) an
 * identity is given only when there is exactly one xanh URI and every part of it is a plain name;
 * (4) only the authority's certificate can sign.
 *
 * Files in DIR: ca.crt ca.key, server.crt server.key, operator.crt operator.key, report.crt
 * report.key, agent-NAME.crt/.key.
 */
#ifndef XN_COMMON_PKI_H
#define XN_COMMON_PKI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/limits.h"

#define XN_PKI_AUTHORITY_DAYS 3650
#define XN_PKI_LEAF_DAYS      397
/* Reports are kept for ten years and have to be checkable as long. */
#define XN_PKI_REPORT_DAYS    3650
#define XN_PKI_REPORT_BITS    3072
#define XN_PKI_HOSTS_MAX      32

enum xn_peer_kind {
	XN_PEER_NONE,
	XN_PEER_AUTHORITY,
	XN_PEER_SERVER,
	XN_PEER_OPERATOR,
	XN_PEER_AGENT,
	XN_PEER_REPORT /* signs reports; is no peer of anybody */
};

struct xn_identity {
	enum xn_peer_kind kind;
	char site[XN_NAME_SIZE];
	char name[XN_NAME_SIZE];
};

/* Whether text is a name: letters, digits, '.', '_', '-', starting with a letter or digit. */
bool xn_name_is_plain(const char *text, size_t length);

/* Reads "xanh://SITE/KIND/NAME"; false if it is anything else. */
bool xn_identity_parse(const char *uri, size_t length, struct xn_identity *ret_identity);

/*
 * Makes the authority, the server's certificate for `hosts` (names and addresses; localhost and the
 * loopback addresses are added), one for the operator "admin" and one that signs reports.
 * XN_EREFUSED if one of the files is there already.
 */
int xn_pki_init(const char *dir, const char *site, const char *const *hosts, unsigned host_count,
    struct xn_error *err);

/* Issues the certificate of an agent, an operator or the reports to FILE.crt and FILE.key in `dir`,
 * signed by the authority there. */
int xn_pki_issue(const char *dir, enum xn_peer_kind kind, const char *name, const char *file,
    struct xn_error *err);

/* Who a certificate (DER) says its holder is. It must have been verified before this means
 * anything. */
int xn_identity_of_certificate(
    const void *der, size_t size, struct xn_identity *ret_identity, struct xn_error *err);

#endif
