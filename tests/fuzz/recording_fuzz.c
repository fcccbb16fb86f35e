#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/snmp_recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file of any bytes; what it is read as is walked from end to end, in order, and found again. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("recording", 0);
	struct xn_recording *recording;
	struct xn_oid at = {.count = 0};
	struct xn_snmp_value value;
	struct xn_oid next;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (xn_recording_open(&recording, path, NULL) == XN_OK) {
		while (xn_recording_next(recording, &at, &next, &value)) {
			assert(xn_oid_compare(&at, &next) < 0);
			assert(value.text != NULL && value.size <= size);
			assert(xn_recording_get(recording, &next).tag == value.tag);
			at = next;
		}
		xn_recording_close(recording);
	}
	close(fd);
	return 0;
}
