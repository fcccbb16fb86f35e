#include "common/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

void
xn_arena_map(struct xn_arena *arena, size_t size)
{
	void *memory = mmap(
	    NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("cannot reserve address space");
		abort();
	}
	xn_arena_init(arena, memory, size);
}

void
xn_arena_unmap(struct xn_arena *arena)
{
	if (arena->base != NULL)
		munmap(arena->base, arena->size);
	*arena = (struct xn_arena){0};
}
