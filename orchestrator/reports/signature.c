/* Signing a manifest with the site's report key, and checking such a signature. */
#include "orchestrator/reports/evidence.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_SIZE 64

struct xn_signer {
	gnutls_privkey_t key;
	gnutls_x509_crt_t certificate;
	gnutls_datum_t der;
	gnutls_datum_t issuer;
	char fingerprint[XN_SHA256_TEXT_SIZE];
};

static int
failed_with(struct xn_error *err, enum xn_code code, const char *doing, int failure)
{
	return xn_fail(err, code, "%s: %s", doing, gnutls_strerror(failure));
}

static int
read_pem(const char *path, gnutls_datum_t *ret_bytes, struct xn_error *err)
{
	int failure = gnutls_load_file(path, ret_bytes);

	return failure == 0 ? XN_OK : failed_with(err, XN_EREAD, path, failure);
}

static int
read_key(struct xn_signer *signer, const char *path, struct xn_error *err)
{
	gnutls_datum_t bytes = {0};
	int result = read_pem(path, &bytes, err);
	int failure;

	if (result != XN_OK)
		return result;
	failure = gnutls_privkey_import_x509_raw(signer->key, &bytes, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_memset(bytes.data, 0, bytes.size);
	gnutls_free(bytes.data);
	if (failure < 0)
		return failed_with(err, XN_EINVALID, path, failure);
	if (gnutls_privkey_get_pk_algorithm(signer->key, NULL) != GNUTLS_PK_RSA)
		return xn_fail(err, XN_EREFUSED,
		    "%s: reports are signed with an RSA key, which gives the same bytes every time",
		    path);
	return XN_OK;
}

static int
read_certificate(struct xn_signer *signer, const char *path, struct xn_error *err)
{
	gnutls_datum_t bytes = {0};
	int result = read_pem(path, &bytes, err);
	int failure;

	if (result != XN_OK)
		return result;
	failure = gnutls_x509_crt_import(signer->certificate, &bytes, GNUTLS_X509_FMT_PEM);
	gnutls_free(bytes.data);
	if (failure == 0)
		failure =
		    gnutls_x509_crt_export2(signer->certificate, GNUTLS_X509_FMT_DER, &signer->der);
	if (failure == 0)
		failure = gnutls_x509_crt_get_raw_issuer_dn(signer->certificate, &signer->issuer);
	if (failure < 0)
		return failed_with(err, XN_EINVALID, path, failure);
	xn_sha256_hex(signer->der.data, signer->der.size, signer->fingerprint);
	return XN_OK;
}

/* A key that does not belong to the certificate would sign what nobody can check. */
static int
check_pair(struct xn_signer *signer, const char *path, struct xn_error *err)
{
	unsigned char of_key[64], of_certificate[64];
	size_t key_size = sizeof(of_key), certificate_size = sizeof(of_certificate);
	gnutls_pubkey_t public;
	int failure = gnutls_pubkey_init(&public);

	if (failure < 0)
		return failed_with(err, XN_ESYSTEM, path, failure);
	failure = gnutls_pubkey_import_privkey(public, signer->key, 0, 0);
	if (failure == 0)
		failure = gnutls_pubkey_get_key_id(public, 0, of_key, &key_size);
	if (failure == 0)
		failure = gnutls_x509_crt_get_key_id(
		    signer->certificate, 0, of_certificate, &certificate_size);
	gnutls_pubkey_deinit(public);
	if (failure < 0)
		return failed_with(err, XN_ESYSTEM, path, failure);
	if (key_size != certificate_size || memcmp(of_key, of_certificate, key_size) != 0)
		return xn_fail(err, XN_EREFUSED, "%s: is not the key of the certificate", path);
	return XN_OK;
}

int
xn_signer_open(struct xn_signer **ret_signer, const char *key_path, const char *certificate_path,
    struct xn_error *err)
{
	struct xn_signer *signer = calloc(1, sizeof(*signer));
	int failure = signer == NULL ? GNUTLS_E_MEMORY_ERROR : gnutls_privkey_init(&signer->key);
	int result;

	if (failure == 0)
		failure = gnutls_x509_crt_init(&signer->certificate);
	result = failure == 0 ? XN_OK : failed_with(err, XN_ESYSTEM, key_path, failure);
	if (result == XN_OK)
		result = read_key(signer, key_path, err);
	if (result == XN_OK)
		result = read_certificate(signer, certificate_path, err);
	if (result == XN_OK)
		result = check_pair(signer, key_path, err);
	if (result != XN_OK)
		xn_signer_close(signer);
	else
		*ret_signer = signer;
	return result;
}

void
xn_signer_close(struct xn_signer *signer)
{
	if (signer == NULL)
		return;
	if (signer->key != NULL)
		gnutls_privkey_deinit(signer->key);
	if (signer->certificate != NULL)
		gnutls_x509_crt_deinit(signer->certificate);
	gnutls_free(signer->der.data);
	gnutls_free(signer->issuer.data);
	free(signer);
}

const char *
xn_signer_fingerprint(const struct xn_signer *signer)
{
	return signer->fingerprint;
}

/* What the library only reads, though its type does not say so. */
static gnutls_datum_t
datum(const void *bytes, size_t size)
{
	gnutls_datum_t made = {.size = (unsigned)size};

	memcpy(&made.data, &bytes, sizeof(bytes));
	return made;
}

static int
encode(gnutls_x509_crt_t certificate, const gnutls_datum_t *der, const gnutls_datum_t *issuer,
    const gnutls_datum_t *signature, void **ret_der, size_t *ret_size)
{
	unsigned char serial[SERIAL_SIZE];
	size_t serial_size = sizeof(serial);
	int failure = gnutls_x509_crt_get_serial(certificate, serial, &serial_size);
	struct xn_cms cms = {.certificate = der->data,
	    .certificate_size = der->size,
	    .issuer = issuer->data,
	    .issuer_size = issuer->size,
	    .serial = serial,
	    .serial_size = serial_size,
	    .signature = signature->data,
	    .signature_size = signature->size};

	if (failure < 0)
		return failure;
	*ret_der = xn_cms_encode(&cms, ret_size);
	return *ret_der == NULL ? GNUTLS_E_MEMORY_ERROR : 0;
}

int
xn_signer_sign(struct xn_signer *signer, const void *bytes, size_t size, void **ret_der,
    size_t *ret_size, struct xn_error *err)
{
	gnutls_datum_t data = datum(bytes, size), signature = {0};
	int failure =
	    gnutls_privkey_sign_data2(signer->key, GNUTLS_SIGN_RSA_SHA256, 0, &data, &signature);

	if (failure == 0)
		failure = encode(signer->certificate, &signer->der, &signer->issuer, &signature,
		    ret_der, ret_size);
	gnutls_free(signature.data);
	return failure == 0 ? XN_OK : failed_with(err, XN_ESYSTEM, "signature", failure);
}

/* ---- checking ---- */

struct opened {
	gnutls_pkcs7_t pkcs7;
	gnutls_pkcs7_signature_info_st info;
	gnutls_datum_t der; /* of the certificate in it */
	gnutls_x509_crt_t certificate;
};

static void
drop(struct opened *o)
{
	if (o->certificate != NULL)
		gnutls_x509_crt_deinit(o->certificate);
	gnutls_free(o->der.data);
	gnutls_pkcs7_signature_info_deinit(&o->info);
	if (o->pkcs7 != NULL)
		gnutls_pkcs7_deinit(o->pkcs7);
}

static int
open_signature(const void *der, size_t size, struct opened *o)
{
	gnutls_datum_t data = datum(der, size);
	int failure = gnutls_pkcs7_init(&o->pkcs7);

	if (failure == 0)
		failure = gnutls_pkcs7_import(o->pkcs7, &data, GNUTLS_X509_FMT_DER);
	if (failure == 0)
		failure = gnutls_pkcs7_get_signature_info(o->pkcs7, 0, &o->info);
	if (failure == 0)
		failure = gnutls_pkcs7_get_crt_raw2(o->pkcs7, 0, &o->der);
	if (failure == 0)
		failure = gnutls_x509_crt_init(&o->certificate);
	if (failure == 0)
		failure = gnutls_x509_crt_import(o->certificate, &o->der, GNUTLS_X509_FMT_DER);
	return failure;
}

/* Invariant 3: what is there is what we would have written with this signature. */
static bool
is_our_form(const struct opened *o, const void *der, size_t size)
{
	gnutls_datum_t issuer = {0};
	void *again = NULL;
	size_t again_size = 0;
	bool same = gnutls_x509_crt_get_raw_issuer_dn(o->certificate, &issuer) == 0 &&
	    encode(o->certificate, &o->der, &issuer, &o->info.sig, &again, &again_size) == 0 &&
	    again_size == size && memcmp(again, der, size) == 0;

	free(again);
	gnutls_free(issuer.data);
	return same;
}

static int
check_bytes(const struct opened *o, const void *bytes, size_t size)
{
	gnutls_datum_t data = datum(bytes, size);
	gnutls_pubkey_t public;
	int failure = gnutls_pubkey_init(&public);

	if (failure < 0)
		return failure;
	failure = gnutls_pubkey_import_x509(public, o->certificate, 0);
	if (failure == 0)
		failure = gnutls_pubkey_verify_data2(
		    public, GNUTLS_SIGN_RSA_SHA256, 0, &data, &o->info.sig);
	gnutls_pubkey_deinit(public);
	return failure < 0 ? failure : 0;
}

static int
check_authority(const struct opened *o, const char *path, struct xn_error *err)
{
	gnutls_x509_trust_list_t list;
	gnutls_x509_crt_t chain[1] = {o->certificate};
	unsigned status = 0;
	int failure = gnutls_x509_trust_list_init(&list, 0);
	int taken;
	int result = XN_OK;

	if (failure < 0)
		return failed_with(err, XN_ESYSTEM, path, failure);
	taken = gnutls_x509_trust_list_add_trust_file(list, path, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (taken <= 0) {
		result =
		    xn_fail(err, XN_EREAD, "%s: no certificate of an authority can be read", path);
	} else {
		failure =
		    gnutls_x509_trust_list_verify_crt2(list, chain, 1, NULL, 0, 0, &status, NULL);
		if (failure < 0)
			result = failed_with(err, XN_ESYSTEM, path, failure);
		else if ((status & GNUTLS_CERT_EXPIRED) != 0)
			result = xn_fail(err, XN_EINVALID, "its certificate has expired");
		else if (status != 0)
			result = xn_fail(err, XN_EINVALID,
			    "its certificate is not by the authority in %s", path);
	}
	gnutls_x509_trust_list_deinit(list, 1);
	return result;
}

static void
describe(const struct opened *o, struct xn_signature *ret_signature)
{
	size_t size = sizeof(ret_signature->subject);

	gnutls_x509_crt_get_dn(o->certificate, ret_signature->subject, &size);
	size = sizeof(ret_signature->issuer);
	gnutls_x509_crt_get_issuer_dn(o->certificate, ret_signature->issuer, &size);
	xn_sha256_hex(o->der.data, o->der.size, ret_signature->fingerprint);
	ret_signature->valid_from.ms =
	    (int64_t)gnutls_x509_crt_get_activation_time(o->certificate) * 1000;
	ret_signature->valid_to.ms =
	    (int64_t)gnutls_x509_crt_get_expiration_time(o->certificate) * 1000;
}

int
xn_signature_check(const void *der, size_t der_size, const void *bytes, size_t size,
    const char *authority_path, struct xn_signature *ret_signature, struct xn_error *err)
{
	struct opened o = {0};
	int failure = open_signature(der, der_size, &o);
	int result = XN_OK;

	*ret_signature = (struct xn_signature){0};
	if (failure < 0)
		result = failed_with(err, XN_EINVALID, "it cannot be read", failure);
	else if (!is_our_form(&o, der, der_size))
		result = xn_fail(err, XN_EINVALID, "it was altered");
	else if ((failure = check_bytes(&o, bytes, size)) < 0)
		result = failed_with(err, XN_EINVALID, "it is not of this manifest", failure);
	if (result == XN_OK)
		describe(&o, ret_signature);
	if (result == XN_OK && authority_path != NULL) {
		result = check_authority(&o, authority_path, err);
		ret_signature->trusted = result == XN_OK;
	}
	drop(&o);
	return result;
}
