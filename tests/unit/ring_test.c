#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <pthread.h>
#include <sched.h>
#include <cmocka.h>

#include "common/ring.h"

static void
a_ring_takes_exactly_its_capacity_and_not_one_more(void **state)
{
	struct xn_ring ring;
	int item = 0;

	(void)state;
	assert_true(xn_ring_init(&ring, 5, sizeof(int))); /* rounded up to 8 */
	for (int i = 0; i < 8; i++)
		assert_true(xn_ring_put(&ring, &i));
	assert_false(xn_ring_put(&ring, &item));
	for (int i = 0; i < 8; i++) {
		assert_true(xn_ring_take(&ring, &item));
		assert_int_equal(item, i);
	}
	assert_false(xn_ring_take(&ring, &item));
	xn_ring_free(&ring);
}

#define MANY 200000

static void *
put_many(void *argument)
{
	struct xn_ring *ring = argument;

	for (uint64_t i = 1; i <= MANY; i++)
		while (!xn_ring_put(ring, &i))
			sched_yield();
	return NULL;
}

static void
two_threads_pass_everything_in_order(void **state)
{
	struct xn_ring ring;
	pthread_t thread;
	uint64_t last = 0;

	(void)state;
	assert_true(xn_ring_init(&ring, 16, sizeof(uint64_t)));
	assert_int_equal(pthread_create(&thread, NULL, put_many, &ring), 0);
	while (last < MANY) {
		uint64_t item;

		if (!xn_ring_take(&ring, &item)) {
			sched_yield();
			continue;
		}
		assert_int_equal(item, last + 1);
		last = item;
	}
	pthread_join(thread, NULL);
	xn_ring_free(&ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_ring_takes_exactly_its_capacity_and_not_one_more),
	    cmocka_unit_test(two_threads_pass_everything_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
