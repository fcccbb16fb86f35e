#include "common/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void
xn_arena_init(struct xn_arena *arena, void *memory, size_t size)
{
	assert(memory != NULL || size == 0);
	*arena = (struct xn_arena){.base = memory, .size = size};
}

void
xn_arena_reset(struct xn_arena *arena)
{
	assert(arena->used <= arena->size); /* invariant 1 */
	arena->used = 0;
}

size_t
xn_arena_room(const struct xn_arena *arena)
{
	return arena->size - arena->used;
}

void *
xn_arena_take(struct xn_arena *arena, size_t count, size_t size)
{
	const size_t align = alignof(max_align_t);
	size_t start = (arena->used + align - 1) & ~(align - 1);
	size_t bytes;
	bool fits = !__builtin_mul_overflow(count, size, &bytes) && start <= arena->size &&
	    bytes <= arena->size - start;

	assert(fits && "arena exhausted: raise its capacity in common/limits.h"); /* invariant 3 */
	arena->used = start + bytes;
	return memset(arena->base + start, 0, bytes); /* invariant 2 */
}

char *
xn_text_copy(struct xn_arena *arena, const char *text, size_t length)
{
	char *copy = xn_new(arena, char, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *
xn_text(struct xn_arena *arena, const char *format, ...)
{
	va_list args;
	va_list again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(length >= 0);
	text = xn_new(arena, char, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}
