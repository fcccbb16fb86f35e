/* Arenas: memory with one lifetime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/arena.h"

static _Alignas(16) unsigned char memory[1024];

static void
what_is_taken_is_zeroed_and_aligned(void **state)
{
	struct xn_arena arena;

	(void)state;
	memset(memory, 0xff, sizeof(memory));
	xn_arena_init(&arena, memory, sizeof(memory));
	for (size_t size = 1; size < 40; size += 7) {
		const unsigned char *bytes = xn_new(&arena, unsigned char, size);

		assert_int_equal((uintptr_t)bytes % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], 0);
	}
}

static void
a_reset_arena_gives_the_same_bytes_again(void **state)
{
	struct xn_arena arena;
	char *first;

	(void)state;
	xn_arena_init(&arena, memory, sizeof(memory));
	first = xn_text(&arena, "%s-%d", "rack", 7);
	assert_string_equal(first, "rack-7");
	xn_arena_reset(&arena);
	assert_int_equal(xn_arena_room(&arena), sizeof(memory));
	assert_ptr_equal(xn_text_copy(&arena, "A07xx", 3), first);
	assert_string_equal(first, "A07");
}

/* Takes `size` bytes of an arena of 1024 in a child; whether the child came through. */
static bool
survives(size_t count, size_t size)
{
	struct xn_arena arena;
	int status;
	pid_t child = fork();

	if (child == 0) {
		fclose(stderr);
		xn_arena_init(&arena, memory, sizeof(memory));
		(void)xn_arena_take(&arena, count, size);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
exactly_full_is_well_and_one_more_stops_the_process(void **state)
{
	(void)state;
	assert_true(survives(1, 1024));
	assert_false(survives(1, 1025));
	assert_false(survives(SIZE_MAX / 2, 4));
}

static void
mapped_address_space_costs_memory_only_once_touched(void **state)
{
	struct xn_arena arena;

	(void)state;
	xn_arena_map(&arena, (size_t)8 << 30);
	assert_string_equal(xn_text(&arena, "%s", "here"), "here");
	xn_arena_unmap(&arena);
	assert_null(arena.base);
	xn_arena_unmap(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_taken_is_zeroed_and_aligned),
	    cmocka_unit_test(a_reset_arena_gives_the_same_bytes_again),
	    cmocka_unit_test(exactly_full_is_well_and_one_more_stops_the_process),
	    cmocka_unit_test(mapped_address_space_costs_memory_only_once_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
