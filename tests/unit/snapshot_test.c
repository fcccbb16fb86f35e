/* A snapshot is the whole core: what is read back goes on exactly as the original does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/lib/stage.h"

#define POLICY "kind: policy\nname: green\nmode: approve\nmoves: {at_once: 1}\n"

static uint8_t *bytes;
static size_t used;

static void
save(const struct stage *stage)
{
	struct xn_writer out = {.size = xn_core_save_size(stage->core)};

	free(bytes);
	bytes = out.base = malloc(out.size);
	assert_non_null(bytes);
	xn_core_save(stage->core, &out);
	assert_false(out.full);
	used = out.used;
}

static int
load(struct stage *stage, struct xn_source *ret_policy, struct xn_error *err)
{
	struct xn_reader in = {.at = bytes, .left = used};

	return xn_core_load(stage->core, &in, ret_policy, err);
}

/* A site in the middle of a plan. */
static struct stage *
busy(void)
{
	struct stage *stage = stage_new();

	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_seen(stage, H1, 3, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_policy(stage, POLICY);
	stage_say(stage, XN_DO_DRAIN, "h1");
	stage_say(stage, XN_DO_APPROVE, "p-0001");
	stage_say(stage, XN_DO_APPLY, "p-0001");
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 1);
	return stage;
}

static void
a_core_read_back_goes_on_as_the_original(void **state)
{
	struct stage *one = busy(), *two = stage_silent();
	struct xn_source policy;
	struct xn_error err;

	(void)state;
	save(one);
	assert_int_equal(load(two, &policy, &err), XN_OK);
	assert_int_equal(policy.size, sizeof(POLICY) - 1);
	assert_memory_equal(policy.bytes, POLICY, policy.size);
	two->core->policy = one->core->policy;
	two->now = one->now;
	memcpy(two->energy_mj, one->energy_mj, sizeof(one->energy_mj));
	stage_forget(one);
	stage_forget(two);
	for (int i = 0; i < 30; i++) {
		stage_wait(one, 10);
		stage_wait(two, 10);
	}
	assert_int_equal(one->heard_count, two->heard_count);
	for (uint32_t a = 0; a < one->heard_count; a++) {
		assert_int_equal(one->heard[a].kind, two->heard[a].kind);
		if (one->heard[a].kind == XN_ACT_NOTE)
			assert_string_equal(one->heard[a].note.text, two->heard[a].note.text);
		if (one->heard[a].kind <= XN_ACT_LIST)
			assert_int_equal(one->heard[a].virt.request, two->heard[a].virt.request);
	}
	assert_int_equal(one->core->meters[GRID].booked.mj, two->core->meters[GRID].booked.mj);
	stage_end(one);
	stage_end(two);
}

static void
without_a_policy_there_is_none_to_read(void **state)
{
	struct stage *one = stage_new(), *two = stage_silent();
	struct xn_source policy;
	struct xn_error err;

	(void)state;
	save(one);
	assert_int_equal(load(two, &policy, &err), XN_OK);
	assert_null(policy.bytes);
	assert_ptr_equal(two->core->topology, &two->topology);
	stage_end(one);
	stage_end(two);
}

static void
damage_another_site_and_another_version_are_refused(void **state)
{
	struct stage *one = busy(), *two = stage_silent();
	struct xn_source policy;
	struct xn_error err;

	(void)state;
	save(one);
	bytes[used / 2] ^= 1;
	assert_int_equal(load(two, &policy, &err), XN_EINVALID);
	assert_string_equal(err.text, "snapshot is damaged");
	assert_false(two->core->booted); /* as new */
	bytes[used / 2] ^= 1;
	used -= 10;
	assert_int_equal(load(two, &policy, &err), XN_EINVALID);
	used += 10;
	two->topology.fingerprint = 43;
	assert_int_equal(load(two, &policy, &err), XN_EINVALID);
	assert_string_equal(err.text, "a snapshot of another site configuration");
	two->topology.fingerprint = 42;
	bytes[5] ^= 1;
	assert_int_equal(load(two, &policy, &err), XN_EINVALID);
	assert_string_equal(err.text, "a snapshot of another version");
	stage_end(one);
	stage_end(two);
}

static void
the_arena_is_used_to_the_last_byte(void **state)
{
	struct stage *stage = stage_new();
	size_t size = xn_core_size(&stage->topology, STAGE_VMS);

	(void)state;
	assert_true(stage->life.used <= size && size - stage->life.used < 64);
	stage_end(stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_core_read_back_goes_on_as_the_original),
	    cmocka_unit_test(without_a_policy_there_is_none_to_read),
	    cmocka_unit_test(damage_another_site_and_another_version_are_refused),
	    cmocka_unit_test(the_arena_is_used_to_the_last_byte),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(bytes);
	return failed;
}
