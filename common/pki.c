#include "common/pki.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define URI_SIZE   (16 + 2 * XN_NAME_SIZE + 16)
#define PATH_SIZE  4096
/* Clocks of racks differ by minutes before NTP has reached them. */
#define BACKDATE_S 3600

static const char *const words[] = {"none", "authority", "server", "operator", "agent", "report"};

struct certificate {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	struct xn_identity identity;
};

bool
xn_name_is_plain(const char *text, size_t length)
{
	if (length == 0 || length >= XN_NAME_SIZE)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		bool letter =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && (i == 0 || c == '\0' || strchr("._-", c) == NULL))
			return false;
	}
	return true;
}

/* Takes one part of a URI up to `end` or a slash; false unless it is a name. */
static bool
take_name(const char **at, const char *end, char ret_name[XN_NAME_SIZE])
{
	const char *slash = memchr(*at, '/', (size_t)(end - *at));
	const char *stop = slash != NULL ? slash : end;
	size_t length = (size_t)(stop - *at);

	if (!xn_name_is_plain(*at, length))
		return false;
	memcpy(ret_name, *at, length);
	ret_name[length] = '\0';
	*at = slash != NULL ? slash + 1 : end;
	return true;
}

bool
xn_identity_parse(const char *uri, size_t length, struct xn_identity *ret_identity)
{
	static const char scheme[] = "xanh://";
	struct xn_identity identity = {0};
	char kind[XN_NAME_SIZE];
	const char *at = uri;
	const char *end = uri + length;
	unsigned word = 1;

	if (length < strlen(scheme) || memcmp(uri, scheme, strlen(scheme)) != 0)
		return false;
	at += strlen(scheme);
	if (!take_name(&at, end, identity.site) || !take_name(&at, end, kind) ||
	    !take_name(&at, end, identity.name) || at != end || end[-1] == '/')
		return false;
	while (word <= XN_PEER_REPORT && strcmp(kind, words[word]) != 0)
		word++;
	if (word > XN_PEER_REPORT)
		return false;
	identity.kind = word;
	*ret_identity = identity;
	return true;
}

static int
identity_of(gnutls_x509_crt_t crt, struct xn_identity *ret_identity, struct xn_error *err)
{
	unsigned found = 0;

	for (unsigned i = 0;; i++) {
		char uri[URI_SIZE];
		size_t size = sizeof(uri);
		unsigned type;
		int got = gnutls_x509_crt_get_subject_alt_name2(crt, i, uri, &size, &type, NULL);

		if (got == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (got < 0 && got != GNUTLS_E_SHORT_MEMORY_BUFFER)
			return xn_fail(err, XN_EREFUSED, "certificate: %s", gnutls_strerror(got));
		if (got == GNUTLS_SAN_URI && size >= 7 && memcmp(uri, "xanh://", 7) == 0) {
			if (!xn_identity_parse(uri, size, ret_identity))
				return xn_fail(err, XN_EREFUSED, "certificate: malformed identity");
			found++;
		}
	}
	if (found != 1) /* invariant 3 */
		return xn_fail(
		    err, XN_EREFUSED, "certificate: %u identities instead of one", found);
	return XN_OK;
}

int
xn_identity_of_certificate(
    const void *der, size_t size, struct xn_identity *ret_identity, struct xn_error *err)
{
	gnutls_datum_t data = {.size = (unsigned)size};
	gnutls_x509_crt_t crt;
	int failed = gnutls_x509_crt_init(&crt);
	int result;

	if (failed < 0)
		return xn_fail(err, XN_ESYSTEM, "certificate: %s", gnutls_strerror(failed));
	memcpy(&data.data, &der,
	    sizeof(der)); /* the library reads it only, its type does not say so */
	failed = gnutls_x509_crt_import(crt, &data, GNUTLS_X509_FMT_DER);
	if (failed < 0)
		result = xn_fail(err, XN_EREFUSED, "certificate: %s", gnutls_strerror(failed));
	else
		result = identity_of(crt, ret_identity, err);
	gnutls_x509_crt_deinit(crt);
	return result;
}

/* ---- making ---- */

static void
drop(struct certificate *certificate)
{
	if (certificate->crt != NULL)
		gnutls_x509_crt_deinit(certificate->crt);
	if (certificate->key != NULL)
		gnutls_x509_privkey_deinit(certificate->key);
	*certificate = (struct certificate){0};
}

static int
set_names(struct certificate *c)
{
	char uri[URI_SIZE];
	char common[2 * XN_NAME_SIZE];
	const char *word = words[c->identity.kind];
	int failed;

	snprintf(uri, sizeof(uri), "xanh://%s/%s/%s", c->identity.site, word, c->identity.name);
	snprintf(common, sizeof(common), "%s:%s", word, c->identity.name);
	failed = gnutls_x509_crt_set_dn_by_oid(c->crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0,
	    c->identity.site, (unsigned)strlen(c->identity.site));
	if (failed == 0)
		failed = gnutls_x509_crt_set_dn_by_oid(
		    c->crt, GNUTLS_OID_X520_COMMON_NAME, 0, common, (unsigned)strlen(common));
	if (failed == 0)
		failed = gnutls_x509_crt_set_subject_alt_name(
		    c->crt, GNUTLS_SAN_URI, uri, (unsigned)strlen(uri), GNUTLS_FSAN_SET);
	return failed;
}

static int
set_serial_and_dates(struct certificate *c, int days)
{
	unsigned char serial[16];
	time_t now = time(NULL);
	int failed = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); /* positive, and never shorter */
	if (failed == 0)
		failed = gnutls_x509_crt_set_version(c->crt, 3);
	if (failed == 0)
		failed = gnutls_x509_crt_set_serial(c->crt, serial, sizeof(serial));
	if (failed == 0)
		failed = gnutls_x509_crt_set_activation_time(c->crt, now - BACKDATE_S);
	if (failed == 0)
		failed = gnutls_x509_crt_set_expiration_time(c->crt, now + (time_t)days * 86400);
	return failed;
}

static int
set_use(struct certificate *c)
{
	const char *purpose = GNUTLS_KP_TLS_WWW_CLIENT;
	unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
	int failed;

	if (c->identity.kind == XN_PEER_SERVER)
		purpose = GNUTLS_KP_TLS_WWW_SERVER;
	if (c->identity.kind == XN_PEER_REPORT) {
		purpose = GNUTLS_KP_EMAIL_PROTECTION; /* what stock tools expect of CMS */
		usage |= GNUTLS_KEY_NON_REPUDIATION;
	}

	if (c->identity.kind == XN_PEER_AUTHORITY) {
		failed = gnutls_x509_crt_set_basic_constraints(c->crt, 1, 0);
		if (failed == 0)
			failed = gnutls_x509_crt_set_key_usage(
			    c->crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
		return failed;
	}
	failed = gnutls_x509_crt_set_basic_constraints(c->crt, 0, -1); /* invariant 4 */
	if (failed == 0)
		failed = gnutls_x509_crt_set_key_usage(c->crt, usage);
	if (failed == 0)
		failed = gnutls_x509_crt_set_key_purpose_oid(c->crt, purpose, 0);
	return failed;
}

static int
add_host(struct certificate *c, const char *host)
{
	unsigned char address[16];
	unsigned size = 0;

	if (inet_pton(AF_INET, host, address) == 1)
		size = 4;
	else if (inet_pton(AF_INET6, host, address) == 1)
		size = 16;
	if (size > 0)
		return gnutls_x509_crt_set_subject_alt_name(
		    c->crt, GNUTLS_SAN_IPADDRESS, address, size, GNUTLS_FSAN_APPEND);
	return gnutls_x509_crt_set_subject_alt_name(
	    c->crt, GNUTLS_SAN_DNSNAME, host, (unsigned)strlen(host), GNUTLS_FSAN_APPEND);
}

static int
key_id(gnutls_x509_crt_t of, unsigned char ret_id[64], size_t *ret_size)
{
	*ret_size = 64;
	return gnutls_x509_crt_get_key_id(of, 0, ret_id, ret_size);
}

static int
sign(struct certificate *c, const struct certificate *issuer)
{
	unsigned char id[64];
	size_t size;
	int failed = key_id(c->crt, id, &size);

	if (failed == 0)
		failed = gnutls_x509_crt_set_subject_key_id(c->crt, id, size);
	if (failed == 0)
		failed = key_id(issuer->crt, id, &size);
	if (failed == 0)
		failed = gnutls_x509_crt_set_authority_key_id(c->crt, id, size);
	if (failed == 0)
		failed =
		    gnutls_x509_crt_sign2(c->crt, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0);
	return failed;
}

/* A new key and certificate for `identity`, signed by `issuer` or, with NULL, by itself. */
static int
make(const struct xn_identity *identity, const char *const *hosts, unsigned host_count,
    const struct certificate *issuer, struct certificate *ret_certificate, struct xn_error *err)
{
	struct certificate c = {.identity = *identity};
	bool report = identity->kind == XN_PEER_REPORT;
	int days = report ? XN_PKI_REPORT_DAYS : XN_PKI_LEAF_DAYS;
	int failed = gnutls_x509_crt_init(&c.crt);

	if (failed == 0)
		failed = gnutls_x509_privkey_init(&c.key);
	if (issuer == NULL)
		days = XN_PKI_AUTHORITY_DAYS;
	if (failed == 0)
		failed = gnutls_x509_privkey_generate(c.key,
		    report ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
		    report ? XN_PKI_REPORT_BITS : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
		    0);
	if (failed == 0)
		failed = gnutls_x509_crt_set_key(c.crt, c.key);
	if (failed == 0)
		failed = set_serial_and_dates(&c, days);
	if (failed == 0)
		failed = set_names(&c);
	for (unsigned i = 0; failed == 0 && i < host_count; i++)
		failed = add_host(&c, hosts[i]);
	if (failed == 0)
		failed = set_use(&c);
	if (failed == 0)
		failed = sign(&c, issuer == NULL ? &c : issuer);
	if (failed < 0) {
		drop(&c);
		return xn_fail(err, XN_ESYSTEM, "certificate of %s: %s", identity->name,
		    gnutls_strerror(failed));
	}
	*ret_certificate = c;
	return XN_OK;
}

/* ---- files ---- */

static int
write_new(const char *path, mode_t mode, const gnutls_datum_t *bytes, struct xn_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	bool written;

	if (fd < 0)
		return xn_fail(err, errno == EEXIST ? XN_EREFUSED : XN_ESYSTEM, "%s: %s", path,
		    errno == EEXIST ? "is there already; nothing was overwritten"
				    : strerror(errno));
	written = write(fd, bytes->data, bytes->size) == (ssize_t)bytes->size && fsync(fd) == 0;
	if (close(fd) != 0 || !written) {
		unlink(path);
		return xn_fail(err, XN_ESYSTEM, "%s: %s", path, strerror(errno));
	}
	return XN_OK;
}

static int
save(const char *dir, const char *file, const struct certificate *c, struct xn_error *err)
{
	gnutls_datum_t crt = {0}, key = {0};
	char path[PATH_SIZE];
	int failed = gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_PEM, &crt);
	int result = XN_OK;

	if (failed == 0)
		failed = gnutls_x509_privkey_export2(c->key, GNUTLS_X509_FMT_PEM, &key);
	if (failed < 0)
		result = xn_fail(err, XN_ESYSTEM, "%s/%s: %s", dir, file, gnutls_strerror(failed));
	if (result == XN_OK) {
		snprintf(path, sizeof(path), "%s/%s.key", dir, file);
		result = write_new(path, 0600, &key, err); /* invariant 2 */
	}
	if (result == XN_OK) {
		snprintf(path, sizeof(path), "%s/%s.crt", dir, file);
		result = write_new(path, 0644, &crt, err);
	}
	gnutls_free(crt.data);
	if (key.data != NULL)
		gnutls_memset(key.data, 0, key.size);
	gnutls_free(key.data);
	return result;
}

static int
check_absent(const char *dir, const char *file, struct xn_error *err)
{
	static const char *const endings[] = {"crt", "key"};
	char path[PATH_SIZE];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s.%s", dir, file, endings[i]);
		if (access(path, F_OK) == 0)
			return xn_fail(err, XN_EREFUSED,
			    "%s: is there already; nothing was overwritten", path);
	}
	return XN_OK;
}

static int
import(const char *dir, struct certificate *c, struct xn_error *err)
{
	gnutls_datum_t crt = {0}, key = {0};
	char path[PATH_SIZE];
	int failed;

	snprintf(path, sizeof(path), "%s/ca.crt", dir);
	failed = gnutls_load_file(path, &crt);
	if (failed == 0) {
		snprintf(path, sizeof(path), "%s/ca.key", dir);
		failed = gnutls_load_file(path, &key);
	}
	if (failed < 0) {
		gnutls_free(crt.data);
		return xn_fail(err, XN_EREAD, "%s: %s (make it with `xanh ca init`)", path,
		    gnutls_strerror(failed));
	}
	failed = gnutls_x509_crt_init(&c->crt);
	if (failed == 0)
		failed = gnutls_x509_privkey_init(&c->key);
	if (failed == 0)
		failed = gnutls_x509_crt_import(c->crt, &crt, GNUTLS_X509_FMT_PEM);
	if (failed == 0)
		failed = gnutls_x509_privkey_import(c->key, &key, GNUTLS_X509_FMT_PEM);
	gnutls_free(crt.data);
	gnutls_memset(key.data, 0, key.size);
	gnutls_free(key.data);
	if (failed < 0)
		return xn_fail(err, XN_EINVALID, "%s/ca: %s", dir, gnutls_strerror(failed));
	return identity_of(c->crt, &c->identity, err);
}

static int
make_and_save(const char *dir, const char *file, const struct xn_identity *identity,
    const char *const *hosts, unsigned host_count, const struct certificate *issuer,
    struct xn_error *err)
{
	struct certificate c = {0};
	int result = make(identity, hosts, host_count, issuer, &c, err);

	if (result == XN_OK)
		result = save(dir, file, &c, err);
	drop(&c);
	return result;
}

static struct xn_identity
identity(const char *site, enum xn_peer_kind kind, const char *name)
{
	struct xn_identity made = {.kind = kind};

	snprintf(made.site, sizeof(made.site), "%s", site);
	snprintf(made.name, sizeof(made.name), "%s", name);
	return made;
}

static int
make_site(const char *dir, const char *site, const char *const *hosts, unsigned host_count,
    struct xn_error *err)
{
	struct xn_identity authority = identity(site, XN_PEER_AUTHORITY, "ca");
	struct xn_identity server = identity(site, XN_PEER_SERVER, "xanhd");
	struct xn_identity operator= identity(site, XN_PEER_OPERATOR, "admin");
	struct xn_identity report = identity(site, XN_PEER_REPORT, "site");
	struct certificate ca = {0};
	int result = make(&authority, NULL, 0, NULL, &ca, err);

	if (result == XN_OK)
		result = save(dir, "ca", &ca, err);
	if (result == XN_OK)
		result = make_and_save(dir, "server", &server, hosts, host_count, &ca, err);
	if (result == XN_OK)
		result = make_and_save(dir, "operator", &operator, NULL, 0, &ca, err);
	if (result == XN_OK)
		result = make_and_save(dir, "report", &report, NULL, 0, &ca, err);
	drop(&ca);
	return result;
}

int
xn_pki_init(const char *dir, const char *site, const char *const *hosts, unsigned host_count,
    struct xn_error *err)
{
	static const char *const files[] = {"ca", "server", "operator", "report"};
	const char *all[XN_PKI_HOSTS_MAX + 3] = {"localhost", "127.0.0.1", "::1"};
	unsigned count = 3;

	if (!xn_name_is_plain(site, strlen(site)))
		return xn_fail(err, XN_EINVALID, "site: '%s' is not a name", site);
	if (host_count > XN_PKI_HOSTS_MAX)
		return xn_fail(err, XN_EINVALID, "at most %d hosts", XN_PKI_HOSTS_MAX);
	for (unsigned i = 0; i < host_count; i++)
		all[count++] = hosts[i];
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", dir, strerror(errno));
	for (unsigned i = 0; i < 4; i++) {
		int result = check_absent(dir, files[i], err); /* invariant 1 */

		if (result < 0)
			return result;
	}
	return make_site(dir, site, all, count, err);
}

int
xn_pki_issue(const char *dir, enum xn_peer_kind kind, const char *name, const char *file,
    struct xn_error *err)
{
	struct certificate ca = {0};
	struct xn_identity holder;
	int result;

	assert(kind == XN_PEER_AGENT || kind == XN_PEER_OPERATOR || kind == XN_PEER_REPORT);
	if (!xn_name_is_plain(name, strlen(name)))
		return xn_fail(err, XN_EINVALID, "'%s' is not a name", name);
	result = check_absent(dir, file, err);
	if (result == XN_OK)
		result = import(dir, &ca, err);
	if (result == XN_OK) {
		holder = identity(ca.identity.site, kind, name);
		result = make_and_save(dir, file, &holder, NULL, 0, &ca, err);
	}
	drop(&ca);
	return result;
}
