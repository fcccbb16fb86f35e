/*
 * The one form of CMS that we write (RFC 5652, RFC 5754): SignedData over bytes that lie elsewhere,
 * SHA-256, one certificate, one signer known by issuer and serial, RSA PKCS#1, no attributes. It
 * is written here and not by a library, so that its bytes stay the same for as long as reports are
 * kept, and so that a checker can ask for exactly these.
 */
#include "orchestrator/reports/evidence.h"

#include <stdlib.h>
#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_OCTETS  0x04
#define TAG_SEQ     0x30
#define TAG_SET     0x31
#define TAG_0       0xa0

static const unsigned char oid_signed_data[] = {
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
static const unsigned char oid_data[] = {
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const unsigned char sha256[] = {
    0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const unsigned char rsa[] = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
static const unsigned char version_1[] = {TAG_INTEGER, 0x01, 0x01};

/* DER is written from its end to its beginning: a length is known when its contents are there. */
struct backwards {
	unsigned char *base;
	size_t at; /* what is written stands from here to the end */
};

static void
put(struct backwards *out, const void *bytes, size_t size)
{
	out->at -= size;
	memcpy(out->base + out->at, bytes, size);
}

static void
put_header(struct backwards *out, unsigned char tag, size_t end)
{
	size_t length = end - out->at;
	unsigned char bytes = 0;

	if (length < 0x80) {
		out->base[--out->at] = (unsigned char)length;
	} else {
		for (; length > 0; length >>= 8, bytes++)
			out->base[--out->at] = (unsigned char)length;
		out->base[--out->at] = (unsigned char)(0x80 | bytes);
	}
	out->base[--out->at] = tag;
}

static void
put_signer(struct backwards *out, const struct xn_cms *cms)
{
	size_t end = out->at, name_end;

	put(out, cms->signature, cms->signature_size);
	put_header(out, TAG_OCTETS, end);
	put(out, rsa, sizeof(rsa));
	put(out, sha256, sizeof(sha256));
	name_end = out->at;
	put(out, cms->serial, cms->serial_size);
	put_header(out, TAG_INTEGER, name_end);
	put(out, cms->issuer, cms->issuer_size);
	put_header(out, TAG_SEQ, name_end);
	put(out, version_1, sizeof(version_1));
	put_header(out, TAG_SEQ, end);
	put_header(out, TAG_SET, end);
}

unsigned char *
xn_cms_encode(const struct xn_cms *cms, size_t *ret_size)
{
	size_t room = cms->certificate_size + cms->issuer_size + cms->serial_size +
	    cms->signature_size + 256; /* all that is fixed, and headers */
	struct backwards out = {.base = malloc(room), .at = room};
	size_t end;

	if (out.base == NULL)
		return NULL;
	put_signer(&out, cms);
	end = out.at;
	put(&out, cms->certificate, cms->certificate_size);
	put_header(&out, TAG_0, end);
	end = out.at;
	put(&out, oid_data, sizeof(oid_data));
	put_header(&out, TAG_SEQ, end);
	end = out.at;
	put(&out, sha256, sizeof(sha256));
	put_header(&out, TAG_SET, end);
	put(&out, version_1, sizeof(version_1));
	put_header(&out, TAG_SEQ, room);
	put_header(&out, TAG_0, room);
	put(&out, oid_signed_data, sizeof(oid_signed_data));
	put_header(&out, TAG_SEQ, room);
	*ret_size = room - out.at;
	memmove(out.base, out.base + out.at, *ret_size);
	return out.base;
}
