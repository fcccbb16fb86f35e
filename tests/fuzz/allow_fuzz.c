/* Any bytes as an allow-list: problems, or a list in which every row is limited. */
#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/allow_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("allow", MFD_CLOEXEC);
	struct xn_allow_list *list;
	struct xn_problems problems;
	struct xn_arena arena;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	xn_arena_map(&arena, 64u << 20);
	xn_problems_init(&problems, &arena);
	xn_allow_list_read(&arena, path, &problems, &list, NULL);
	for (unsigned i = 0; list != NULL && i < list->count; i++) {
		const struct xn_allowed *row = &list->rows[i];

		assert(row->device[0] != '\0' && row->name[0] != '\0');
		assert(row->least <= row->most && row->per_hour >= 1 && row->apart.ms >= 1000);
		assert(xn_allow_list_find(list, row->device, row->name) == row);
	}
	xn_arena_unmap(&arena);
	close(fd);
	return 0;
}
