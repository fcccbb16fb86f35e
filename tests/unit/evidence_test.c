/* A report that was signed: whatever is changed afterwards is found, by us and by stock tools. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/pki.h"
#include "orchestrator/reports/evidence.h"

struct desk {
	char folder[64];
	char path[160];
	char ca[96], key[96], crt[96];
	struct xn_manifest manifest;
};

static const char *
at(struct desk *d, const char *name)
{
	snprintf(d->path, sizeof(d->path), "%s/%s", d->folder, name);
	return d->path;
}

static void
put(struct desk *d, const char *name, const void *bytes, size_t size)
{
	struct xn_error err;

	assert_int_equal(xn_file_write(at(d, name), bytes, size, &err), XN_OK);
}

/* A file, its manifest, its signature and the sums, as an export leaves them. */
static void
sign(struct desk *d, bool with_key)
{
	static const char *const more[] = {"e.csv.manifest.json", "e.csv.manifest.p7s", NULL};
	static const char *const unsigned_more[] = {"e.csv.manifest.json", NULL};
	struct xn_signer *signer = NULL;
	struct xn_error err;
	char *text, *sums;
	void *der;
	size_t size;

	assert_int_equal(xn_signer_open(&signer, d->key, d->crt, &err), XN_OK);
	put(d, "e.csv", "a,b\r\n1,2\r\n", 10);
	d->manifest = (struct xn_manifest){.report = "hoa-lac-1/site-energy/2026-11",
	    .kind = "site-energy",
	    .state = "draft",
	    .language = "vi",
	    .from = {INT64_C(1793466000000)},
	    .to = {INT64_C(1796058000000)},
	    .utc_offset_s = 25200};
	xn_manifest_made_by_us(&d->manifest);
	if (with_key)
		strcpy(d->manifest.signer, xn_signer_fingerprint(signer));
	assert_int_equal(xn_manifest_add(&d->manifest, d->folder, "e.csv", &err), XN_OK);
	text = xn_manifest_text(&d->manifest);
	assert_non_null(text);
	put(d, "e.csv.manifest.json", text, strlen(text));
	if (with_key) {
		assert_int_equal(
		    xn_signer_sign(signer, text, strlen(text), &der, &size, &err), XN_OK);
		put(d, "e.csv.manifest.p7s", der, size);
		free(der);
	}
	assert_int_equal(
	    xn_manifest_sums(&d->manifest, d->folder, with_key ? more : unsigned_more, &sums, &err),
	    XN_OK);
	put(d, "e.csv.SHA256SUMS", sums, strlen(sums));
	free(sums);
	free(text);
	xn_signer_close(signer);
}

static int
open_desk(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	strcpy(d->folder, "/tmp/xanh-evidence-XXXXXX");
	if (mkdtemp(d->folder) == NULL ||
	    xn_pki_init(d->folder, "hoa-lac-1", NULL, 0, NULL) != XN_OK)
		return -1;
	snprintf(d->ca, sizeof(d->ca), "%s/ca.crt", d->folder);
	snprintf(d->key, sizeof(d->key), "%s/report.key", d->folder);
	snprintf(d->crt, sizeof(d->crt), "%s/report.crt", d->folder);
	*state = d;
	return 0;
}

static int
close_desk(void **state)
{
	struct desk *d = *state;
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", d->folder);
	free(d);
	return system(command);
}

/* The verdict, and its words in `ret_said` (malloc'ed) unless NULL. */
static int
verify(const char *path, const char *ca, char **ret_said)
{
	struct xn_error err;
	char *said = NULL;
	size_t size;
	FILE *out = open_memstream(&said, &size);
	int result = xn_evidence_verify(path, ca, out, &err);

	fclose(out);
	if (ret_said != NULL)
		*ret_said = said;
	else
		free(said);
	return result;
}

static void
a_signed_report_is_found_in_order(void **state)
{
	struct desk *d = *state;
	char *said;

	sign(d, true);
	assert_int_equal(verify(at(d, "e.csv"), d->ca, &said), XN_OK);
	assert_non_null(strstr(said, "authority"));
	free(said);
	assert_int_equal(verify(at(d, "e.csv.manifest.json"), d->ca, NULL), XN_OK);
	assert_int_equal(verify(at(d, "e.csv"), NULL, &said), XN_OK);
	assert_non_null(strstr(said, "unproven"));
	free(said);
}

static void
signing_twice_gives_the_same_bytes(void **state)
{
	struct desk *d = *state;
	struct xn_error err;
	char *first, *second;
	size_t first_size, second_size;

	sign(d, true);
	xn_file_read(at(d, "e.csv.manifest.p7s"), 65536, &first, &first_size, &err);
	sign(d, true);
	xn_file_read(at(d, "e.csv.manifest.p7s"), 65536, &second, &second_size, &err);
	assert_int_equal(first_size, second_size);
	assert_memory_equal(first, second, first_size);
	free(first);
	free(second);
}

/* Every byte of the three, each changed in one bit: none goes unnoticed, even without the sums and
 * without the authority. */
static void
one_changed_bit_anywhere_is_found(void **state)
{
	static const char *const names[] = {"e.csv", "e.csv.manifest.json", "e.csv.manifest.p7s"};
	struct desk *d = *state;

	sign(d, true);
	unlink(at(d, "e.csv.SHA256SUMS"));
	for (unsigned n = 0; n < 3; n++) {
		struct xn_error err;
		char *bytes;
		size_t size;

		assert_int_equal(xn_file_read(at(d, names[n]), 65536, &bytes, &size, &err), XN_OK);
		for (size_t i = 0; i < size; i++) {
			bytes[i] = (char)(bytes[i] ^ (1 << (i % 8)));
			put(d, names[n], bytes, size);
			if (verify(at(d, "e.csv"), NULL, NULL) != XN_EINVALID)
				fail_msg("%s, byte %zu: not found", names[n], i);
			bytes[i] = (char)(bytes[i] ^ (1 << (i % 8)));
		}
		put(d, names[n], bytes, size);
		free(bytes);
	}
	assert_int_equal(verify(at(d, "e.csv"), d->ca, NULL), XN_OK);
}

static void
bytes_added_or_cut_are_told_by_count(void **state)
{
	struct desk *d = *state;
	char *said;

	sign(d, true);
	put(d, "e.csv", "a,b\r\n1,2\r\n\n", 11);
	assert_int_equal(verify(at(d, "e.csv"), d->ca, &said), XN_EINVALID);
	assert_non_null(strstr(said, "has 11 bytes, 10 were reported"));
	free(said);
}

static void
a_signature_taken_away_is_missed(void **state)
{
	struct desk *d = *state;

	sign(d, true);
	unlink(at(d, "e.csv.manifest.p7s"));
	assert_int_equal(verify(at(d, "e.csv"), NULL, NULL), XN_EREAD);
	unlink(at(d, "e.csv.manifest.json"));
	assert_int_equal(verify(at(d, "e.csv"), NULL, NULL), XN_EREAD);
	assert_int_equal(verify(at(d, "nothing"), NULL, NULL), XN_EREAD);
}

static void
an_unsigned_report_has_its_hashes_only(void **state)
{
	struct desk *d = *state;
	char *said;

	sign(d, false);
	assert_int_equal(verify(at(d, "e.csv"), NULL, &said), XN_OK);
	assert_non_null(strstr(said, "not signed"));
	free(said);
	assert_int_equal(verify(at(d, "e.csv"), d->ca, NULL), XN_EINVALID);
}

static void
another_authority_does_not_vouch_for_it(void **state)
{
	struct desk *d = *state;
	char other[96], ca[128];

	sign(d, true);
	snprintf(other, sizeof(other), "%s/other", d->folder);
	assert_int_equal(xn_pki_init(other, "hoa-lac-1", NULL, 0, NULL), XN_OK);
	snprintf(ca, sizeof(ca), "%s/ca.crt", other);
	assert_int_equal(verify(at(d, "e.csv"), ca, NULL), XN_EINVALID);
	assert_int_equal(verify(at(d, "e.csv"), "/nonexistent/ca.crt", NULL), XN_EREAD);
}

static void
only_the_reports_own_rsa_key_signs(void **state)
{
	struct desk *d = *state;
	struct xn_signer *signer;
	struct xn_error err;

	assert_int_equal(xn_signer_open(&signer, at(d, "server.key"), d->crt, &err), XN_EREFUSED);
	assert_int_equal(xn_signer_open(&signer, d->key, at(d, "server.crt"), &err), XN_EREFUSED);
	assert_int_equal(xn_signer_open(&signer, at(d, "none"), d->crt, &err), XN_EREAD);
}

static void
stock_tools_agree(void **state)
{
	struct desk *d = *state;
	char command[512];

	if (system("command -v openssl sha256sum >/dev/null") != 0)
		skip();
	sign(d, true);
	snprintf(command, sizeof(command),
	    "cd '%s' && sha256sum -c --quiet e.csv.SHA256SUMS && openssl cms -verify -binary "
	    "-inform DER -in e.csv.manifest.p7s -content e.csv.manifest.json -CAfile ca.crt "
	    "-purpose any -out /dev/null 2>log",
	    d->folder);
	assert_int_equal(system(command), 0);
	put(d, "e.csv.manifest.json", "{}", 2);
	assert_int_not_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_signed_report_is_found_in_order),
	    cmocka_unit_test(signing_twice_gives_the_same_bytes),
	    cmocka_unit_test(one_changed_bit_anywhere_is_found),
	    cmocka_unit_test(bytes_added_or_cut_are_told_by_count),
	    cmocka_unit_test(a_signature_taken_away_is_missed),
	    cmocka_unit_test(an_unsigned_report_has_its_hashes_only),
	    cmocka_unit_test(another_authority_does_not_vouch_for_it),
	    cmocka_unit_test(only_the_reports_own_rsa_key_signs),
	    cmocka_unit_test(stock_tools_agree),
	};

	return cmocka_run_group_tests(tests, open_desk, close_desk);
}
