#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/heap.h"

static void
what_is_due_first_comes_out_first_and_ties_by_id(void **state)
{
	static const struct xn_heap_entry expected[] = {
	    {-7, 3}, {5, 1}, {5, 2}, {5, 9}, {1000000000000, 0}};
	struct xn_heap_entry rows[8];
	struct xn_heap heap;

	(void)state;
	xn_heap_init(&heap, rows, 8);
	assert_null(xn_heap_first(&heap));
	assert_true(xn_heap_push(&heap, 1000000000000, 0));
	assert_true(xn_heap_push(&heap, 5, 9));
	assert_true(xn_heap_push(&heap, 5, 1));
	assert_true(xn_heap_push(&heap, -7, 3));
	assert_true(xn_heap_push(&heap, 5, 2));
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(xn_heap_first(&heap)->key, expected[i].key);
		assert_int_equal(xn_heap_first(&heap)->id, expected[i].id);
		xn_heap_pop(&heap);
	}
	assert_null(xn_heap_first(&heap));
}

static void
a_full_heap_says_so(void **state)
{
	struct xn_heap_entry rows[2];
	struct xn_heap heap;

	(void)state;
	xn_heap_init(&heap, rows, 2);
	assert_true(xn_heap_push(&heap, 1, 1));
	assert_true(xn_heap_push(&heap, 2, 2));
	assert_false(xn_heap_push(&heap, 0, 0));
	assert_int_equal(xn_heap_first(&heap)->key, 1);
}

static void
a_thousand_keys_come_out_in_order(void **state)
{
	static struct xn_heap_entry rows[1000];
	struct xn_heap heap;
	uint32_t seed = 1;
	int64_t last = INT64_MIN;

	(void)state;
	xn_heap_init(&heap, rows, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		seed = seed * 1664525u + 1013904223u;
		assert_true(xn_heap_push(&heap, seed >> 20, i));
	}
	for (const struct xn_heap_entry *first; (first = xn_heap_first(&heap)) != NULL;) {
		assert_true(first->key >= last);
		last = first->key;
		xn_heap_pop(&heap);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_due_first_comes_out_first_and_ties_by_id),
	    cmocka_unit_test(a_full_heap_says_so),
	    cmocka_unit_test(a_thousand_keys_come_out_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
