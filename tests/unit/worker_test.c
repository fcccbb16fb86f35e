#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <poll.h>
#include <stdatomic.h>
#include <cmocka.h>

#include "common/worker.h"

struct counter {
	int handled;
	atomic_int idled;
};

static void
square(struct xn_worker *worker, void *state, const void *request)
{
	struct counter *counter = state;
	int fact = *(const int *)request * *(const int *)request;

	counter->handled++;
	while (!xn_worker_tell(worker, &fact) && !xn_worker_stopping(worker))
		poll(NULL, 0, 1);
}

static void
idle(struct xn_worker *worker, void *state)
{
	struct counter *counter = state;
	int fact = -1;

	if (atomic_fetch_add(&counter->idled, 1) == 0)
		xn_worker_tell(worker, &fact);
}

static const struct xn_worker_verbs squares = {.name = "squares",
    .request_size = sizeof(int),
    .fact_size = sizeof(int),
    .capacity = 4,
    .handle = square};

static int
next_fact(struct xn_worker *worker)
{
	struct pollfd wait = {.fd = xn_worker_fd(worker), .events = POLLIN};
	int fact;

	while (!xn_worker_take(worker, &fact))
		assert_int_equal(poll(&wait, 1, 10000), 1);
	return fact;
}

static void
every_request_becomes_one_fact_in_order(void **state)
{
	struct counter counter = {0};
	struct xn_worker *worker;
	int asked = 0;

	(void)state;
	assert_int_equal(xn_worker_start(&worker, &squares, &counter, NULL), XN_OK);
	for (int taken = 0; taken < 1000; taken++) {
		while (asked < 1000 && xn_worker_ask(worker, &asked))
			asked++;
		assert_int_equal(next_fact(worker), taken * taken);
	}
	xn_worker_stop(worker);
	assert_int_equal(counter.handled, 1000);
	xn_worker_free(worker);
}

static void
a_full_ring_is_told_to_the_owner(void **state)
{
	struct counter counter = {0};
	struct xn_worker *worker;
	int asked = 0;

	(void)state;
	assert_int_equal(xn_worker_start(&worker, &squares, &counter, NULL), XN_OK);
	/* Nobody takes: 4 facts, one in the worker's hands, 4 requests; then the owner is told. */
	while (asked < 100 && xn_worker_ask(worker, &asked)) {
		asked++;
		poll(NULL, 0, 1);
	}
	assert_in_range(asked, 4, 9);
	xn_worker_free(worker);
}

static void
facts_outlive_the_stop_and_idling_is_told(void **state)
{
	struct counter counter = {0};
	struct xn_worker_verbs verbs = squares;
	struct xn_worker *worker;
	int fact = 0;

	(void)state;
	verbs.idle_ms = 1;
	verbs.idle = idle;
	assert_int_equal(xn_worker_start(&worker, &verbs, &counter, NULL), XN_OK);
	while (atomic_load(&counter.idled) == 0)
		poll(NULL, 0, 1);
	xn_worker_stop(worker);
	assert_true(xn_worker_take(worker, &fact));
	assert_int_equal(fact, -1);
	assert_false(xn_worker_take(worker, &fact));
	xn_worker_free(worker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_request_becomes_one_fact_in_order),
	    cmocka_unit_test(a_full_ring_is_told_to_the_owner),
	    cmocka_unit_test(facts_outlive_the_stop_and_idling_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
