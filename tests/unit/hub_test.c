#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "drivers/hub.h"

#define MANY 300

/* A member whose question is a byte on a socket pair. */
struct talker {
	struct xn_hub_member member; /* first: the verbs find us by it */
	int ours;
	int theirs;
	unsigned heard;
	unsigned ticks;
	unsigned heard_max; /* leaves after so many; 0: stays */
	struct talker *victim;
};

static struct xn_hub *hub;
static struct talker talkers[MANY];
static unsigned alive;

static void
leave(struct talker *talker)
{
	xn_hub_busy(hub, &talker->member, false);
	if (talker->ours < 0)
		return;
	xn_hub_unwatch(hub, &talker->member, talker->ours);
	close(talker->ours);
	talker->ours = -1;
	alive--;
}

static void
on_ready(struct xn_hub_member *member)
{
	struct talker *talker = (struct talker *)member;
	char byte;

	assert_true(talker->ours >= 0); /* nobody is called who left */
	assert_int_equal(read(talker->ours, &byte, 1), 1);
	talker->heard++;
	if (talker->victim != NULL)
		leave(talker->victim);
	if (talker->heard == talker->heard_max)
		leave(talker);
}

static void
on_tick(struct xn_hub_member *member)
{
	struct talker *talker = (struct talker *)member;

	assert_true(talker->ours >= 0);
	talker->ticks++;
	if (talker->victim != NULL)
		leave(talker->victim);
}

static void
join(struct talker *talker)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
	*talker = (struct talker){
	    .member = {.ready = on_ready, .tick = on_tick}, .ours = ends[0], .theirs = ends[1]};
	assert_true(xn_hub_watch(hub, &talker->member, talker->ours));
	alive++;
}

static int
set_up(void **state)
{
	struct xn_error err;

	(void)state;
	alive = 0;
	for (unsigned i = 0; i < MANY; i++)
		talkers[i] = (struct talker){.ours = -1, .theirs = -1};
	return xn_hub_open(&hub, &err);
}

static int
tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		leave(&talkers[i]);
		if (talkers[i].theirs >= 0)
			close(talkers[i].theirs);
	}
	xn_hub_close(hub);
	return 0;
}

static void
say(const struct talker *talker)
{
	assert_int_equal(write(talker->theirs, "x", 1), 1);
}

static void
everybody_is_heard_however_many_there_are(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		join(&talkers[i]);
		say(&talkers[i]);
	}
	for (unsigned turns = 0; turns < 20; turns++)
		xn_hub_turn(hub, 0, -1);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(talkers[i].heard, 1);
}

static void
who_is_busy_is_looked_at_now_and_then(void **state)
{
	int64_t end;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		join(&talkers[i]);
	xn_hub_busy(hub, &talkers[0].member, true);
	xn_hub_busy(hub, &talkers[0].member, true); /* once more is nothing new */
	xn_hub_busy(hub, &talkers[2].member, true);
	end = xn_deadline_in(4 * XN_HUB_TICK_MS + 20);
	while (xn_deadline_left(end) > 0)
		xn_hub_turn(hub, 1000, -1); /* a wait is no longer than a tick */
	assert_in_range(talkers[0].ticks, 2, 5);
	assert_int_equal(talkers[0].ticks, talkers[2].ticks);
	assert_int_equal(talkers[1].ticks, 0);
	xn_hub_busy(hub, &talkers[0].member, false);
	xn_hub_busy(hub, &talkers[2].member, false);
	talkers[0].ticks = 0;
	xn_hub_turn(hub, XN_HUB_TICK_MS + 10, -1);
	assert_int_equal(talkers[0].ticks, 0);
}

static void
a_member_leaves_when_it_is_called(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		join(&talkers[i]);
		talkers[i].heard_max = 1;
		xn_hub_busy(hub, &talkers[i].member, true);
		say(&talkers[i]);
		say(&talkers[i]);
	}
	for (unsigned turns = 0; turns < 20; turns++)
		xn_hub_turn(hub, 0, -1);
	assert_int_equal(alive, 0);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(talkers[i].heard, 1);
}

/* Each takes the other with it: whoever of a pair is served first, nobody calls the second. */
static void
a_member_that_left_in_anothers_verb_is_not_called(void **state)
{
	unsigned heard = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		join(&talkers[i]);
		talkers[i].victim = &talkers[i ^ 1];
		say(&talkers[i]);
	}
	xn_hub_turn(hub, 0, -1);
	for (unsigned i = 0; i < 20; i++)
		heard += talkers[i].heard;
	assert_int_equal(heard, 10);
	assert_int_equal(alive, 10);
}

static void
a_member_that_left_in_anothers_tick_is_not_ticked(void **state)
{
	int64_t end = xn_deadline_in(3 * XN_HUB_TICK_MS);
	unsigned ticked = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		join(&talkers[i]);
		talkers[i].victim = &talkers[i ^ 1];
		xn_hub_busy(hub, &talkers[i].member, true);
	}
	while (xn_deadline_left(end) > 0)
		xn_hub_turn(hub, 10, -1);
	for (unsigned i = 0; i < 20; i++)
		ticked += talkers[i].ticks > 0;
	assert_int_equal(ticked, 10);
	assert_int_equal(alive, 10);
}

static void
whoever_wakes_the_hub_ends_its_wait(void **state)
{
	int bell = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	int other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int64_t end = xn_deadline_in(5000);

	(void)state;
	xn_hub_turn(hub, 5000, bell);
	assert_true(xn_deadline_left(end) > 2500);
	/* Another bell: the first is not listened to any more. */
	end = xn_deadline_in(30);
	xn_hub_turn(hub, 40, other);
	assert_int_equal(xn_deadline_left(end), 0);
	xn_hub_turn(hub, 0, -1);
	close(bell);
	close(other);
}

static void
what_is_left_until_a_deadline_is_never_negative(void **state)
{
	(void)state;
	assert_in_range(xn_deadline_left(xn_deadline_in(1000)), 900, 1000);
	assert_int_equal(xn_deadline_left(xn_deadline_in(-1000)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		everybody_is_heard_however_many_there_are, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		who_is_busy_is_looked_at_now_and_then, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_member_leaves_when_it_is_called, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_member_that_left_in_anothers_verb_is_not_called, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_member_that_left_in_anothers_tick_is_not_ticked, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(whoever_wakes_the_hub_ends_its_wait, set_up, tear_down),
	    cmocka_unit_test(what_is_left_until_a_deadline_is_never_negative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
