/*
 * Arena: memory with one lifetime. Choosing an arena says who owns the bytes and when they go;
 * nothing is freed piece by piece. The memory itself is handed in (the core never allocates),
 * except by xn_arena_map, which shells use at start.
 *
 * Invariants: (1) used <= size; (2) what xn_arena_take returns is zeroed and aligned for any type;
 * (3) an arena that runs out aborts the process: capacities are sized in common/limits.h, and a
 * stopped daemon restarts from its journal while a wrong one moves VMs.
 */
#ifndef XN_COMMON_ARENA_H
#define XN_COMMON_ARENA_H

#include <stddef.h>

struct xn_arena {
	unsigned char *base;
	size_t size;
	size_t used;
};

void xn_arena_init(struct xn_arena *arena, void *memory, size_t size);
void xn_arena_reset(struct xn_arena *arena);

void *xn_arena_take(struct xn_arena *arena, size_t count, size_t size) __attribute__((malloc));

/* Bytes that are left; a parser of outside input asks before it takes. */
size_t xn_arena_room(const struct xn_arena *arena);

#define xn_new(arena, type, count) ((type *)xn_arena_take((arena), (count), sizeof(type)))

/* Copies of text: NUL-terminated, in the arena. */
char *xn_text_copy(struct xn_arena *arena, const char *text, size_t length);
char *xn_text(struct xn_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Address space for a shell's arena; pages cost memory only once touched. Not for the core. */
void xn_arena_map(struct xn_arena *arena, size_t size);
void xn_arena_unmap(struct xn_arena *arena);

#endif
