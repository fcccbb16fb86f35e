#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("profile", 0);
	struct xn_arena arena;
	struct xn_problems problems;
	struct xn_profile *profile;
	const struct xn_oid nothing = {.count = 0};
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	xn_arena_map(&arena, 64u << 20);
	xn_problems_init(&problems, &arena);
	xn_profile_read(&arena, &arena, path, true, &nothing, &problems, &profile, NULL);
	xn_arena_unmap(&arena);
	close(fd);
	return 0;
}
