/* Manifest, signature and sums, written beside what they are of. */
#include "orchestrator/reports/export.h"

#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 4096
#define NAME_ROOM 1024

/* "F.manifest.json" beside a file, "manifest.json" in a folder. */
static void
name_of(char ret_name[NAME_ROOM], const char *stem, const char *what)
{
	if (stem == NULL)
		snprintf(ret_name, NAME_ROOM, "%s", what);
	else
		snprintf(ret_name, NAME_ROOM, "%.900s.%s", stem, what);
}

static int
put(const char *folder, const char *name, const void *bytes, size_t size, struct xn_error *err)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return xn_fail(err, XN_EINVALID, "%s: path too long", name);
	return xn_file_write(path, bytes, size, err);
}

static int
put_sums(const struct xn_manifest *manifest, const char *folder, const char *stem,
    bool has_signature, struct xn_error *err)
{
	char names[3][NAME_ROOM];
	const char *more[] = {names[0], has_signature ? names[1] : NULL, NULL};
	char *text;
	int result;

	name_of(names[0], stem, "manifest.json");
	name_of(names[1], stem, "manifest.p7s");
	name_of(names[2], stem, "SHA256SUMS");
	result = xn_manifest_sums(manifest, folder, more, &text, err);
	if (result == XN_OK)
		result = put(folder, names[2], text, strlen(text), err);
	free(text);
	return result;
}

int
xn_evidence_seal(struct xn_manifest *manifest, const char *folder, const char *stem,
    struct xn_signer *signer, char ret_sha256[XN_SHA256_TEXT_SIZE], struct xn_error *err)
{
	char name[NAME_ROOM], *text;
	void *der = NULL;
	size_t size = 0;
	int result;

	if (signer != NULL)
		strcpy(manifest->signer, xn_signer_fingerprint(signer));
	text = xn_manifest_text(manifest);
	if (text == NULL)
		return xn_fail(err, XN_EINVALID, "%s: a name is no UTF-8", manifest->report);
	if (ret_sha256 != NULL)
		xn_sha256_hex(text, strlen(text), ret_sha256);
	name_of(name, stem, "manifest.json");
	result = put(folder, name, text, strlen(text), err);
	if (result == XN_OK && signer != NULL) {
		result = xn_signer_sign(signer, text, strlen(text), &der, &size, err);
		name_of(name, stem, "manifest.p7s");
		if (result == XN_OK)
			result = put(folder, name, der, size, err);
		free(der);
	}
	free(text);
	return result == XN_OK ? put_sums(manifest, folder, stem, signer != NULL, err) : result;
}
