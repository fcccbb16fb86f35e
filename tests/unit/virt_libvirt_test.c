/*
 * The virt worker against two real hypervisors. tests/integration/virt.t starts them and says in
 * XANH_TEST_HOSTS where: "URI URI", with the guests `mover` (no disk) and `stayer` on the first.
 * Without it there is nothing to test here.
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

static struct stand *
stand_of(void **state)
{
	return *state;
}

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

static void
list_both(struct stand *stand)
{
	assert_true(stand_list(stand, 0));
	assert_true(stand_list(stand, 1));
}

static bool
mover_was_measured(struct stand *stand, void *context)
{
	(void)context;
	return stand_vm(stand, "mover") != NULL && stand_vm(stand, "mover")->loads > 2 &&
	    stand_vm(stand, "mover")->cpu_ns > 0;
}

static void
guests_are_seen_with_their_labels_and_their_cpu_time(void **state)
{
	struct stand_vm *vm;

	vm = stand_vm(stand_of(state), "mover");
	assert_non_null(vm);
	assert_int_equal(stand_runs_on(vm), 0);
	assert_string_equal(vm->facts.platform, "dvc");
	assert_string_equal(vm->facts.labels, "web ha");
	assert_int_equal(vm->facts.vcpus, 1);
	assert_int_equal(vm->facts.memory_mib, 96);
	assert_true(vm->facts.movable);
	assert_false(vm->facts.lockable);
	assert_false(stand_vm(stand_of(state), "stayer")->facts.movable);
	assert_true(stand_wait(stand_of(state), 10000, mover_was_measured, NULL));
}

static void
a_guest_moves_live_and_its_source_is_gone(void **state)
{
	struct stand_vm *vm;

	vm = stand_vm(stand_of(state), "mover");
	assert_int_equal(stand_ask(stand_of(state), XN_ACT_MIGRATE, vm, 0, 1, false), XN_VIRT_OK);
	list_both(stand_of(state));
	assert_int_equal(vm->copies[0], XN_VM_ABSENT);
	assert_int_equal(vm->copies[1], XN_VM_RUNNING);
	assert_string_equal(vm->facts.labels, "web ha");
}

static void
a_guest_that_moves_paused_runs_after_resume(void **state)
{
	struct stand_vm *vm;

	vm = stand_vm(stand_of(state), "mover");
	assert_int_equal(stand_ask(stand_of(state), XN_ACT_MIGRATE, vm, 1, 0, true), XN_VIRT_OK);
	list_both(stand_of(state));
	assert_int_equal(vm->copies[1], XN_VM_ABSENT);
	assert_int_equal(vm->copies[0], XN_VM_PAUSED);
	assert_int_equal(
	    stand_ask(stand_of(state), XN_ACT_RESUME, vm, 0, XN_NONE, false), XN_VIRT_OK);
	list_both(stand_of(state));
	assert_int_equal(stand_runs_on(vm), 0);
}

static void
a_guest_that_is_not_there_is_not_moved(void **state)
{
	struct stand_vm *vm;

	vm = stand_vm(stand_of(state), "mover");
	assert_int_not_equal(
	    stand_ask(stand_of(state), XN_ACT_MIGRATE, vm, 1, 0, false), XN_VIRT_OK);
	assert_int_equal(
	    stand_ask(stand_of(state), XN_ACT_ABORT_JOB, vm, 0, XN_NONE, false), XN_VIRT_FAILED);
	list_both(stand_of(state));
	assert_int_equal(stand_runs_on(vm), 0);
}

static bool
mover_runs_on_1(struct stand *stand, void *context)
{
	(void)context;
	return stand->up[0] && stand->up[1] && stand_runs_on(stand_vm(stand, "mover")) == 1 &&
	    stand_vm(stand, "mover")->copies[0] == XN_VM_ABSENT;
}

/* Row 3a of the failure table: a peer-to-peer migration outlives who asked for it. */
static void
a_migration_outlives_a_killed_worker_and_is_found_done(void **state)
{
	struct stand_vm *vm;
	unsigned before;

	before = stand_of(state)->answers;
	vm = stand_vm(stand_of(state), "mover");
	stand_send(stand_of(state), XN_ACT_MIGRATE, vm, 0, 1, false);
	stand_wait(stand_of(state), 400, mover_runs_on_1, NULL); /* let it begin */
	assert_int_equal(kill(xn_virt_pid(stand_of(state)->virt), SIGKILL), 0);
	assert_true(stand_wait(stand_of(state), 5000, stand_answered, &before));
	assert_int_equal(stand_of(state)->outcome, XN_VIRT_UNKNOWN);
	assert_true(stand_wait(stand_of(state), 20000, mover_runs_on_1, NULL));
}

static bool
host_1_is_down(struct stand *stand, void *context)
{
	(void)context;
	return !stand->up[1];
}

/* Keepalive finds a daemon that hangs; the other host is not disturbed. */
static void
a_daemon_that_hangs_is_down_until_it_goes_on(void **state)
{
	const char *pid_text = getenv("XANH_TEST_DAEMON_2");
	pid_t pid;
	unsigned ups;

	assert_non_null(pid_text);
	pid = (pid_t)strtol(pid_text, NULL, 10);
	ups = stand_of(state)->ups[0];
	assert_int_equal(kill(pid, SIGSTOP), 0);
	if (!stand_wait(stand_of(state), 15000, host_1_is_down, NULL)) {
		kill(pid, SIGCONT);
		fail_msg("a stopped daemon still counts as up");
	}
	kill(pid, SIGCONT);
	assert_true(stand_wait(stand_of(state), 20000, stand_ready, NULL));
	assert_int_equal(stand_of(state)->ups[0], ups);
}

static bool
another_worker_is_ready(struct stand *stand, void *context)
{
	pid_t pid = xn_virt_pid(stand->virt);

	return pid != 0 && pid != *(const pid_t *)context && stand_ready(stand, NULL);
}

static void
a_worker_that_hangs_is_replaced(void **state)
{
	pid_t pid = xn_virt_pid(stand_of(state)->virt);

	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_true(stand_wait(stand_of(state), 30000, another_worker_is_ready, &pid));
}

static void
a_destroyed_copy_is_gone_and_destroying_again_is_no_error(void **state)
{
	struct stand_vm *vm;

	vm = stand_vm(stand_of(state), "stayer");
	assert_int_equal(
	    stand_ask(stand_of(state), XN_ACT_DESTROY, vm, 0, XN_NONE, false), XN_VIRT_OK);
	list_both(stand_of(state));
	assert_int_equal(vm->copies[0], XN_VM_ABSENT);
	assert_int_equal(
	    stand_ask(stand_of(state), XN_ACT_DESTROY, vm, 0, XN_NONE, false), XN_VIRT_OK);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(guests_are_seen_with_their_labels_and_their_cpu_time),
	    cmocka_unit_test(a_guest_moves_live_and_its_source_is_gone),
	    cmocka_unit_test(a_guest_that_moves_paused_runs_after_resume),
	    cmocka_unit_test(a_guest_that_is_not_there_is_not_moved),
	    cmocka_unit_test(a_migration_outlives_a_killed_worker_and_is_found_done),
	    cmocka_unit_test(a_daemon_that_hangs_is_down_until_it_goes_on),
	    cmocka_unit_test(a_worker_that_hangs_is_replaced),
	    cmocka_unit_test(a_destroyed_copy_is_gone_and_destroying_again_is_no_error),
	};

	if (argc > 1 && strcmp(argv[1], XN_VIRT_WORKER) == 0)
		return xn_virt_worker_main(argc, argv);
	if (getenv("XANH_TEST_HOSTS") == NULL) {
		puts("1..0 # SKIP two libvirt hosts are needed: tests/integration/virt.t starts "
		     "them and runs this");
		return 0;
	}
	return cmocka_run_group_tests_name("virt with libvirt", tests, set_up, tear_down);
}
