/*
 * Evidence: what makes a file more than a file. A manifest (canonical JSON) names the report, its
 * period and revision, the program and the data it was made of, and every file with its size and
 * SHA-256; frozen manifests name the one before them, so that none can be taken out unseen. The
 * signature is a detached CMS (RFC 5652) of the manifest's bytes with the site's report key, and
 * stock tools check it all:
 *
 *     sha256sum -c F.SHA256SUMS
 *     openssl cms -verify -binary -inform DER -in F.manifest.p7s -content F.manifest.json
 *         -CAfile ca.crt -purpose any
 *
 * Beside a file F lie F.manifest.json, F.manifest.p7s and F.SHA256SUMS; a folder has manifest.json,
 * manifest.p7s and SHA256SUMS.
 *
 * Invariants: (1) the same manifest and key give the same bytes: no time of signing, RSA PKCS#1;
 * (2) the manifest names its signer's certificate, so that a signature taken away is noticed;
 * (3) no byte of the signature can differ from what we would have written.
 */
#ifndef XN_REPORTS_EVIDENCE_H
#define XN_REPORTS_EVIDENCE_H

#include <stddef.h>
#include <stdio.h>

#include "common/arena.h"
#include "common/error.h"
#include "common/limits.h"
#include "common/units.h"

#define XN_SHA256_SIZE      32
#define XN_SHA256_TEXT_SIZE 65
#define XN_MANIFEST_FILES   256 /* of one report or bundle: formats x languages, months of CSV */
#define XN_MANIFEST_BYTES   (1u << 20) /* of a manifest that is read */
#define XN_SIGNATURE_BYTES  (64u << 10)

struct xn_manifest_file {
	char name[2 * XN_NAME_SIZE];
	uint64_t size;
	char sha256[XN_SHA256_TEXT_SIZE];
};

struct xn_manifest {
	char report[4 * XN_NAME_SIZE]; /* "hoa-lac-1/site-energy/2026-11" */
	char kind[XN_NAME_SIZE];
	char state[16];    /* draft, frozen */
	char language[16]; /* "vi", "en", "vi en" */
	int revision;
	xn_instant from, to;
	int utc_offset_s;
	bool complete;
	char version[XN_NAME_SIZE];       /* of the program */
	char build[XN_NAME_SIZE];         /* its build id */
	char config[XN_SHA256_TEXT_SIZE]; /* of meters, factors, tariffs and facts */
	char slice[XN_SHA256_TEXT_SIZE];  /* of the rows that were used */
	int64_t as_of;
	char previous[XN_SHA256_TEXT_SIZE]; /* "": a draft, or the first one */
	char signer[XN_SHA256_TEXT_SIZE];   /* of its certificate; "": not signed */
	unsigned file_count;
	struct xn_manifest_file files[XN_MANIFEST_FILES];
};

/* ---- hashes ---- */

void xn_sha256_hex(const void *bytes, size_t size, char ret_text[XN_SHA256_TEXT_SIZE]);
/* XN_EREAD. */
int xn_sha256_file(
    const char *path, char ret_text[XN_SHA256_TEXT_SIZE], uint64_t *ret_size, struct xn_error *err);

/* ---- manifests ---- */

/* Fills version and build with those of the program that runs. */
void xn_manifest_made_by_us(struct xn_manifest *manifest);
/* Adds a file of `folder`; XN_EFULL, XN_EREAD. */
int xn_manifest_add(
    struct xn_manifest *manifest, const char *folder, const char *name, struct xn_error *err);
/* Its canonical text, malloc'ed. */
char *xn_manifest_text(const struct xn_manifest *manifest);
/* XN_EINVALID: not a manifest in its canonical form. */
int xn_manifest_parse(
    const char *text, size_t size, struct xn_manifest *ret_manifest, struct xn_error *err);
/* The text of SHA256SUMS for its files and `more` (a path's last part each; NULL-terminated), which
 * lie in `folder`; malloc'ed. */
int xn_manifest_sums(const struct xn_manifest *manifest, const char *folder,
    const char *const *more, char **ret_text, struct xn_error *err);

/* ---- signatures ---- */

struct xn_signer;

/* PEM files. XN_EREFUSED: no RSA key, or it does not belong to the certificate. */
int xn_signer_open(struct xn_signer **ret_signer, const char *key_path,
    const char *certificate_path, struct xn_error *err);
void xn_signer_close(struct xn_signer *signer);
const char *xn_signer_fingerprint(const struct xn_signer *signer);
/* DER, malloc'ed. */
int xn_signer_sign(struct xn_signer *signer, const void *bytes, size_t size, void **ret_der,
    size_t *ret_size, struct xn_error *err);

struct xn_signature {
	char subject[256];
	char issuer[256];
	char fingerprint[XN_SHA256_TEXT_SIZE]; /* of the certificate */
	xn_instant valid_from, valid_to;
	bool trusted; /* its certificate was checked against the authority */
};

/* XN_EINVALID: not of these bytes, not by the certificate in it, or that not by the authority. */
int xn_signature_check(const void *der, size_t der_size, const void *bytes, size_t size,
    const char *authority_path, struct xn_signature *ret_signature, struct xn_error *err);

/* ---- checking ---- */

/*
 * Checks a file, a manifest or a folder, and says in words what was checked on `out`, a line each.
 * `authority` NULL: that the certificate is the site's stays unproven, and is said. XN_EINVALID:
 * something was altered; XN_EREAD: something is not there.
 */
int xn_evidence_verify(const char *path, const char *authority, FILE *out, struct xn_error *err);

/* cms.c, for the two files about signatures: the one form we write. malloc'ed; NULL: no memory. */
struct xn_cms {
	const void *certificate, *issuer, *serial, *signature;
	size_t certificate_size, issuer_size, serial_size, signature_size;
};
unsigned char *xn_cms_encode(const struct xn_cms *cms, size_t *ret_size);

/* A whole file, malloc'ed, with a NUL behind it; XN_EREAD, XN_EFULL. */
int xn_file_read(
    const char *path, size_t max, char **ret_bytes, size_t *ret_size, struct xn_error *err);
/* Written beside and moved into place; XN_ESYSTEM. */
int xn_file_write(const char *path, const void *bytes, size_t size, struct xn_error *err);

#endif
