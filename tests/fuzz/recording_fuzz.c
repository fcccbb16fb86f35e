#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/modbus_recording.h"
#include "drivers/snmp_recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A dump of registers is written as it was read, but for order and numbers out of place. */
static void
read_dump(const char *path, size_t size)
{
	struct xn_modbus_recording *recording;
	FILE *out;

	if (!xn_modbus_is_recording(path) ||
	    xn_modbus_recording_open(&recording, path, NULL) != XN_OK)
		return;
	out = fopen("/dev/null", "w");
	assert(xn_modbus_recording_write(recording, out) <= size);
	fclose(out);
	xn_modbus_recording_free(recording);
}

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
	read_dump(path, size);
	close(fd);
	return 0;
}
