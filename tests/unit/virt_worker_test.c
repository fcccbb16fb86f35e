/*
 * The virt worker as a real child process with simulated hosts: what xanhd is told when all goes
 * well, when a migration breaks and when the child is killed.
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

static const char *const names[] = {"hv-1", "hv-2"};
static const char *const uris[] = {"sim:hv-1", "sim:hv-2"};

struct fixture {
	struct stand stand;
	char folder[64];
	char path[128];
};

static void
write_file(struct fixture *f, const char *name, const char *text)
{
	FILE *file;

	snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, name);
	file = fopen(f->path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int
set_up_with(void **state, const char *migration_ms)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/xanh-virt-XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	setenv("XANH_SIM_STATE", f->folder, 1);
	setenv("XANH_SIM_MIGRATION_MS", migration_ms, 1);
	stand_up(&f->stand, true, 2, names, uris);
	*state = f;
	return stand_wait(&f->stand, 10000, stand_ready, NULL) ? 0 : -1;
}

static int
set_up(void **state)
{
	return set_up_with(state, "150");
}

/* For a story that must see a migration under way, on a busy machine too. */
static int
set_up_slow(void **state)
{
	return set_up_with(state, "6000");
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	stand_down(&f->stand);
	snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	if (system(command) != 0)
		return -1;
	free(f);
	return 0;
}

static void
a_new_fleet_is_seen_whole_and_its_guests_use_cpu(void **state)
{
	struct fixture *f = *state;
	struct stand_vm *vm = stand_vm(&f->stand, "portal-1");

	assert_int_equal(f->stand.vm_count, 6);
	assert_non_null(vm);
	assert_int_equal(stand_runs_on(vm), 0);
	assert_string_equal(vm->facts.group, "ha-portal");
	assert_true(vm->facts.movable);
	assert_false(vm->facts.lockable);
}

static void
a_migration_is_answered_once_and_the_guest_is_on_the_target(void **state)
{
	struct fixture *f = *state;
	struct stand_vm *vm = stand_vm(&f->stand, "portal-1");

	assert_int_equal(stand_ask(&f->stand, XN_ACT_MIGRATE, vm, 0, 1, false), XN_VIRT_OK);
	assert_true(stand_list(&f->stand, 0));
	assert_true(stand_list(&f->stand, 1));
	assert_int_equal(vm->copies[0], XN_VM_ABSENT);
	assert_int_equal(vm->copies[1], XN_VM_RUNNING);
	assert_int_equal(f->stand.answers, 1);
}

static void
a_guest_that_arrives_paused_runs_after_resume(void **state)
{
	struct fixture *f = *state;
	struct stand_vm *vm = stand_vm(&f->stand, "dan-cu-1");

	assert_int_equal(stand_runs_on(vm), 0);
	assert_int_equal(stand_ask(&f->stand, XN_ACT_MIGRATE, vm, 0, 1, true), XN_VIRT_OK);
	assert_true(stand_list(&f->stand, 1));
	assert_int_equal(vm->copies[1], XN_VM_PAUSED);
	assert_int_equal(stand_ask(&f->stand, XN_ACT_RESUME, vm, 1, XN_NONE, false), XN_VIRT_OK);
	assert_true(stand_list(&f->stand, 1));
	assert_int_equal(vm->copies[1], XN_VM_RUNNING);
}

static void
a_failed_migration_leaves_the_guest_where_it_was(void **state)
{
	struct fixture *f = *state;
	struct stand_vm *vm = stand_vm(&f->stand, "portal-1");

	write_file(f, "fault", "failed");
	assert_int_equal(stand_ask(&f->stand, XN_ACT_MIGRATE, vm, 0, 1, false), XN_VIRT_FAILED);
	assert_true(stand_list(&f->stand, 0));
	assert_true(stand_list(&f->stand, 1));
	assert_int_equal(stand_runs_on(vm), 0);
}

static void
a_source_left_behind_is_seen_and_can_be_destroyed(void **state)
{
	struct fixture *f = *state;
	struct stand_vm *vm = stand_vm(&f->stand, "portal-1");

	write_file(f, "fault", "lost-source");
	assert_int_equal(stand_ask(&f->stand, XN_ACT_MIGRATE, vm, 0, 1, false), XN_VIRT_UNKNOWN);
	assert_true(stand_list(&f->stand, 0));
	assert_true(stand_list(&f->stand, 1));
	assert_int_equal(vm->copies[0], XN_VM_PAUSED_MIGRATING);
	assert_int_equal(vm->copies[1], XN_VM_RUNNING);
	assert_int_equal(stand_ask(&f->stand, XN_ACT_DESTROY, vm, 0, XN_NONE, false), XN_VIRT_OK);
	assert_true(stand_list(&f->stand, 0));
	assert_int_equal(vm->copies[0], XN_VM_ABSENT);
	assert_int_equal(stand_runs_on(vm), 1);
}

static void
a_migration_that_is_aborted_fails_and_the_abort_succeeds(void **state)
{
	struct fixture *f = *state;
	struct stand_vm *vm = stand_vm(&f->stand, "portal-1");
	unsigned before = f->stand.answers;

	write_file(f, "fault", "slow");
	stand_send(&f->stand, XN_ACT_MIGRATE, vm, 0, 1, false);
	stand_send(&f->stand, XN_ACT_ABORT_JOB, vm, 0, 1, false);
	assert_true(stand_wait(&f->stand, 5000, stand_answered, &before));
	before++;
	if (f->stand.answers < 2)
		assert_true(stand_wait(&f->stand, 5000, stand_answered, &before));
	assert_int_equal(f->stand.outcome, XN_VIRT_OK);
	assert_true(stand_list(&f->stand, 1));
	assert_int_equal(vm->copies[1], XN_VM_ABSENT);
}

static bool
host_0_is_down(struct stand *stand, void *context)
{
	(void)context;
	return !stand->up[0];
}

static bool
all_up_again(struct stand *stand, void *context)
{
	(void)context;
	return stand->ups[0] == 2 && stand->ups[1] == 2 && stand->lists[0] > 0 &&
	    stand->lists[1] > 0;
}

static bool
runs_on_1(struct stand *stand, void *context)
{
	(void)stand;
	return stand_runs_on(context) == 1;
}

static void
a_killed_worker_means_unknown_once_and_the_next_one_adopts_the_migration(void **state)
{
	struct fixture *f = *state;
	struct stand_vm *vm = stand_vm(&f->stand, "portal-1");
	pid_t pid = xn_virt_pid(f->stand.virt);
	unsigned before = f->stand.answers;

	stand_send(&f->stand, XN_ACT_MIGRATE, vm, 0, 1, false);
	assert_true(stand_list(&f->stand, 1)); /* so the worker has begun it */
	assert_int_equal(vm->copies[1], XN_VM_INCOMING);
	f->stand.lists[0] = f->stand.lists[1] = 0;
	assert_int_equal(kill(pid, SIGKILL), 0);

	assert_true(stand_wait(&f->stand, 5000, stand_answered, &before));
	assert_int_equal(f->stand.outcome, XN_VIRT_UNKNOWN);
	assert_false(f->stand.up[0]);
	assert_false(f->stand.up[1]);
	assert_true(stand_wait(&f->stand, 10000, all_up_again, NULL));
	assert_true(xn_virt_pid(f->stand.virt) != pid);
	assert_true(stand_wait(&f->stand, 20000, runs_on_1, vm));
	assert_int_equal(f->stand.answers, before + 1);
}

static void
a_host_that_does_not_answer_goes_down_and_refuses_requests(void **state)
{
	struct fixture *f = *state;
	struct stand_vm *vm = stand_vm(&f->stand, "portal-1");

	write_file(f, "hv-1/down", "");
	assert_true(stand_wait(&f->stand, 5000, host_0_is_down, NULL));
	assert_int_equal(stand_ask(&f->stand, XN_ACT_MIGRATE, vm, 0, 1, false), XN_VIRT_FAILED);
	assert_string_equal(f->stand.text, "the hypervisor is not reachable");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    STORY(a_new_fleet_is_seen_whole_and_its_guests_use_cpu),
	    STORY(a_migration_is_answered_once_and_the_guest_is_on_the_target),
	    STORY(a_guest_that_arrives_paused_runs_after_resume),
	    STORY(a_failed_migration_leaves_the_guest_where_it_was),
	    STORY(a_source_left_behind_is_seen_and_can_be_destroyed),
	    STORY(a_migration_that_is_aborted_fails_and_the_abort_succeeds),
	    cmocka_unit_test_setup_teardown(
		a_killed_worker_means_unknown_once_and_the_next_one_adopts_the_migration,
		set_up_slow, tear_down),
	    STORY(a_host_that_does_not_answer_goes_down_and_refuses_requests),
	};

	if (argc > 1 && strcmp(argv[1], XN_VIRT_WORKER) == 0)
		return xn_virt_worker_main(argc, argv);
	return cmocka_run_group_tests_name("virt worker", tests, NULL, NULL);
}
