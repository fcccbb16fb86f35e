/* Whatever a site's file says: problems, or a site that shows and reads back the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/site.h"

/* Loads bytes as a file; what it shows, or NULL when there are problems. */
static char *
shown(const void *bytes, size_t size, size_t *ret_size)
{
	struct xn_problems problems;
	struct xn_arena arena;
	struct xn_site site;
	char *text = NULL;
	char path[64];
	const char *name = path;
	int fd = memfd_create("site", MFD_CLOEXEC);
	FILE *out = open_memstream(&text, ret_size);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert(write(fd, bytes, size) == (ssize_t)size);
	xn_arena_map(&arena, XN_SITE_ARENA_SIZE);
	xn_problems_init(&problems, &arena);
	assert(xn_site_load(&arena, &name, 1, &problems, &site, NULL) == XN_OK);
	if (problems.count == 0)
		xn_site_print(&site, out);
	else
		xn_problems_print(&problems, out);
	fclose(out);
	close(fd);
	xn_arena_unmap(&arena);
	if (problems.count == 0)
		return text;
	free(text);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t first_size;
	size_t second_size;
	char *first = shown(data, size, &first_size);
	char *second = first == NULL ? NULL : shown(first, first_size, &second_size);

	assert(first == NULL || (second != NULL && strcmp(first, second) == 0));
	free(first);
	free(second);
	return 0;
}
