#include "common/tls.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

/* More than any chain of ours; a PEM file is read whole. */
#define PEM_BYTES_MAX (1u << 20)

static int
refuse_status(unsigned status, struct xn_error *err)
{
	gnutls_datum_t why = {0};

	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &why, 0) < 0)
		return xn_fail(err, XN_EREFUSED, "client certificate: not accepted (0x%x)", status);
	xn_fail(err, XN_EREFUSED, "client certificate: %s", (const char *)why.data);
	gnutls_free(why.data);
	return XN_EREFUSED;
}

int
xn_tls_verify_peer(gnutls_session_t session, struct xn_identity *ret_identity, struct xn_error *err)
{
	const gnutls_datum_t *chain;
	unsigned count = 0;
	unsigned status = 0;
	/* The purpose is checked too, so that the server's own certificate is no client's. */
	char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
	gnutls_typed_vdata_st data = {
	    .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)purpose, .size = 0};
	int failed;

	chain = gnutls_certificate_get_peers(session, &count);
	if (chain == NULL || count == 0)
		return xn_fail(err, XN_EREFUSED, "client certificate: none was shown");
	/* Two answers: whether the check could be made, and what it found. Both must be good. */
	failed = gnutls_certificate_verify_peers(session, &data, 1, &status);
	if (failed < 0)
		return xn_fail(err, XN_EREFUSED, "client certificate: %s", gnutls_strerror(failed));
	if (status != 0)
		return refuse_status(status, err);
	return xn_identity_of_certificate(chain[0].data, chain[0].size, ret_identity, err);
}

int
xn_tls_read_pem(const char *path, char **ret_pem, struct xn_error *err)
{
	gnutls_datum_t bytes = {0};
	int failed = gnutls_load_file(path, &bytes);
	char *pem = NULL;

	if (failed < 0)
		return xn_fail(err, XN_EREAD, "%s: %s", path, gnutls_strerror(failed));
	if (bytes.size > 0 && bytes.size <= PEM_BYTES_MAX)
		pem = strndup((const char *)bytes.data, bytes.size);
	gnutls_memset(bytes.data, 0, bytes.size);
	gnutls_free(bytes.data);
	if (pem == NULL)
		return xn_fail(err, XN_EREAD, "%s: not a certificate or key", path);
	*ret_pem = pem;
	return XN_OK;
}
