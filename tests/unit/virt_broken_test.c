/*
 * Migrations that break, with two real hypervisors: what is left, and that the worker says so.
 * tests/integration/migrate.t starts the hosts and says in XANH_TEST_HOSTS "URI URI", in
 * XANH_TEST_BASE the fixture's folder and in XANH_TEST_TOOL its program; the way into the second
 * host is slow, so a copy takes seconds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/virt_stand.h"

static int
set_up(void **state)
{
	static const char *const names[] = {"h1", "h2"};
	static struct stand stand;
	static char first[128], second[128];
	const char *const uris[] = {first, second};
	const char *hosts = getenv("XANH_TEST_HOSTS");

	if (sscanf(hosts, "%127s %127s", first, second) != 2)
		return -1;
	stand_up(&stand, false, 2, names, uris);
	*state = &stand;
	return stand_wait(&stand, 20000, stand_ready, NULL) ? 0 : -1;
}

static int
tear_down(void **state)
{
	stand_down(*state);
	return 0;
}

static pid_t
daemon_of(const char *host)
{
	char path[256];
	int pid = 0;
	FILE *file;

	snprintf(
	    path, sizeof(path), "%s/%s/run/libvirt/libvirtd.pid", getenv("XANH_TEST_BASE"), host);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	assert_true(pid > 1);
	return pid;
}

static void
restart_daemon(const char *host)
{
	char command[512];

	snprintf(command, sizeof(command), "%s restart %s %s >/dev/null", getenv("XANH_TEST_TOOL"),
	    getenv("XANH_TEST_BASE"), host);
	assert_int_equal(system(command), 0);
}

static bool
runs_at_its_source_only(struct stand *stand, void *context)
{
	const struct stand_vm *vm = context;

	return stand->up[0] && stand->up[1] && vm->copies[0] == XN_VM_RUNNING &&
	    vm->copies[1] == XN_VM_ABSENT;
}

/* A copy that has begun and will take seconds more. */
static struct stand_vm *
begin(struct stand *stand, uint64_t *ret_request)
{
	struct stand_vm *vm = stand_vm(stand, "mover");

	assert_non_null(vm);
	assert_true(stand_wait(stand, 20000, runs_at_its_source_only, vm));
	*ret_request = stand_send(stand, XN_ACT_MIGRATE, vm, 0, 1, false);
	for (int i = 0; i < 100 && vm->copies[1] != XN_VM_INCOMING; i++)
		assert_true(stand_list(stand, 1));
	assert_int_equal(vm->copies[1], XN_VM_INCOMING);
	assert_int_equal(vm->copies[0], XN_VM_RUNNING);
	assert_int_equal(stand->by_request[*ret_request], 0);
	return vm;
}

static void
an_abort_leaves_the_guest_at_its_source(void **state)
{
	struct stand *stand = *state;
	uint64_t migration, abortion;
	struct stand_vm *vm = begin(stand, &migration);

	abortion = stand_send(stand, XN_ACT_ABORT_JOB, vm, 0, 1, false);
	assert_int_equal(stand_outcome(stand, abortion, 20000), XN_VIRT_OK);
	assert_int_not_equal(stand_outcome(stand, migration, 20000), XN_VIRT_OK);
	assert_true(stand_wait(stand, 20000, runs_at_its_source_only, vm));
}

static void
a_second_migration_of_the_same_guest_is_refused(void **state)
{
	struct stand *stand = *state;
	uint64_t migration;
	struct stand_vm *vm = begin(stand, &migration);

	assert_int_not_equal(stand_ask(stand, XN_ACT_MIGRATE, vm, 0, 1, false), XN_VIRT_OK);
	assert_int_equal(stand->by_request[migration], 0);
	stand_send(stand, XN_ACT_ABORT_JOB, vm, 0, 1, false);
	/* How libvirt words the end of an aborted job differs with the moment: failed or unknown.
	 */
	assert_int_not_equal(stand_outcome(stand, migration, 20000), XN_VIRT_OK);
	assert_int_not_equal(stand->by_request[migration], 0);
	print_message("# aborted: %s\n", stand->text);
	assert_true(stand_wait(stand, 20000, runs_at_its_source_only, vm));
}

static void
when_the_source_daemon_dies_in_mid_copy_the_outcome_is_unknown_and_one_copy_is_left(void **state)
{
	struct stand *stand = *state;
	uint64_t migration;
	struct stand_vm *vm = begin(stand, &migration);

	assert_int_equal(kill(daemon_of("h1"), SIGKILL), 0);
	assert_int_equal(stand_outcome(stand, migration, 20000), XN_VIRT_UNKNOWN);
	restart_daemon("h1");
	assert_true(stand_wait(stand, 30000, runs_at_its_source_only, vm));
}

static void
when_the_target_daemon_dies_in_mid_copy_the_guest_stays_at_its_source(void **state)
{
	struct stand *stand = *state;
	uint64_t migration;
	struct stand_vm *vm = begin(stand, &migration);

	assert_int_equal(kill(daemon_of("h2"), SIGKILL), 0);
	assert_int_not_equal(stand_outcome(stand, migration, 30000), XN_VIRT_OK);
	restart_daemon("h2");
	assert_true(stand_wait(stand, 30000, runs_at_its_source_only, vm));
}

static bool
source_is_back(struct stand *stand, void *context)
{
	return stand->up[0] && stand->lists[0] != *(unsigned *)context;
}

/*
 * The source's daemon dies when the target has taken over. What it leaves behind is paused
 * (migrating): resuming that would be a second running copy, so it must be told from a pause.
 */
static void
a_source_left_at_the_hand_over_is_told_from_a_paused_guest(void **state)
{
	struct stand *stand = *state;
	uint64_t migration;
	struct stand_vm *vm = begin(stand, &migration);
	unsigned lists;

	while (vm->copies[1] == XN_VM_INCOMING)
		assert_true(stand_list(stand, 1));
	assert_int_equal(vm->copies[1], XN_VM_RUNNING);
	/* The source's QEMU takes a second or two to end: time enough to kill its daemon. */
	assert_int_equal(stand->by_request[migration], 0);
	assert_int_equal(kill(daemon_of("h1"), SIGKILL), 0);
	assert_int_equal(stand_outcome(stand, migration, 20000), XN_VIRT_UNKNOWN);
	lists = stand->lists[0];
	restart_daemon("h1");
	assert_true(stand_wait(stand, 30000, source_is_back, &lists));
	assert_int_equal(vm->copies[1], XN_VM_RUNNING);
	assert_int_not_equal(vm->copies[0], XN_VM_RUNNING);
	assert_int_not_equal(vm->copies[0], XN_VM_PAUSED);
	assert_int_equal(stand_ask(stand, XN_ACT_DESTROY, vm, 0, XN_NONE, false), XN_VIRT_OK);
	assert_true(stand_list(stand, 0));
	assert_int_equal(vm->copies[0], XN_VM_ABSENT);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_abort_leaves_the_guest_at_its_source),
	    cmocka_unit_test(a_second_migration_of_the_same_guest_is_refused),
	    cmocka_unit_test(
		when_the_source_daemon_dies_in_mid_copy_the_outcome_is_unknown_and_one_copy_is_left),
	    cmocka_unit_test(when_the_target_daemon_dies_in_mid_copy_the_guest_stays_at_its_source),
	    cmocka_unit_test(a_source_left_at_the_hand_over_is_told_from_a_paused_guest),
	};

	if (argc > 1 && strcmp(argv[1], XN_VIRT_WORKER) == 0)
		return xn_virt_worker_main(argc, argv);
	if (getenv("XANH_TEST_HOSTS") == NULL) {
		puts("1..0 # SKIP two libvirt hosts are needed: tests/integration/migrate.t starts "
		     "them and runs this");
		return 0;
	}
	return cmocka_run_group_tests_name("virt, broken migrations", tests, set_up, tear_down);
}
