/* A manifest and a signature from anywhere: refused or read, and what is read is written back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/reports/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct xn_manifest manifest;
	struct xn_signature signature;
	struct xn_error err;

	if (xn_manifest_parse((const char *)bytes, size, &manifest, &err) == XN_OK) {
		char *text = xn_manifest_text(&manifest);

		if (text == NULL || strlen(text) != size || memcmp(text, bytes, size) != 0)
			abort();
		free(text);
	}
	xn_signature_check(bytes, size, "", 0, NULL, &signature, &err);
	return 0;
}
