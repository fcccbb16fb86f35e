/* What crosses to the journal and to the virt worker comes back as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "orchestrator/core/action.h"

static uint8_t bytes[8192];

/* Encodes, decodes, and checks that every shorter piece is refused. */
static struct xn_event
across(const struct xn_event *event)
{
	struct xn_writer out = {.base = bytes, .size = sizeof(bytes)};
	struct xn_reader in;
	struct xn_event back;
	struct xn_source source;
	struct xn_error err;

	xn_event_encode(event, &out);
	assert_false(out.full);
	for (size_t size = 0; size < out.used; size++) {
		in = (struct xn_reader){.at = bytes, .left = size};
		assert_int_equal(xn_event_decode(&in, &back, &source, &err), XN_EINVALID);
	}
	in = (struct xn_reader){.at = bytes, .left = out.used};
	assert_int_equal(xn_event_decode(&in, &back, &source, &err), XN_OK);
	assert_int_equal(in.left, 0);
	assert_int_equal(back.kind, event->kind);
	assert_int_equal(back.now.ms, event->now.ms);
	return back;
}

static void
a_reading_comes_back(void **state)
{
	struct xn_event event = {.kind = XN_EV_READING, .now = {1700000000123}};
	struct xn_event back;

	(void)state;
	event.reading.meter = 7;
	event.reading.quality = XN_QUALITY_SUSPECT;
	event.reading.has_energy = true;
	event.reading.power.mw = -1;
	event.reading.energy.mj = INT64_MAX;
	event.reading.temperature.mk = 296150;
	event.reading.at.ms = 1700000000001;
	back = across(&event);
	assert_memory_equal(&back.reading, &event.reading, sizeof(event.reading));
}

static void
a_vm_and_its_load_come_back(void **state)
{
	struct xn_event event = {.kind = XN_EV_VM_SEEN, .now = {5}};
	struct xn_event back;

	(void)state;
	event.vm.host = 3;
	event.vm.state = XN_VM_PAUSED_MIGRATING;
	memset(event.vm.uuid.bytes, 0xa5, sizeof(event.vm.uuid.bytes));
	snprintf(event.vm.facts.name, sizeof(event.vm.facts.name), "cổng-dịch-vụ-3");
	snprintf(event.vm.facts.labels, sizeof(event.vm.facts.labels), "web ha");
	event.vm.facts.vcpus = 4;
	event.vm.facts.memory_mib = 8192;
	event.vm.facts.security_level = 3;
	event.vm.facts.movable = true;
	back = across(&event);
	assert_memory_equal(&back.vm.uuid, &event.vm.uuid, sizeof(event.vm.uuid));
	assert_string_equal(back.vm.facts.name, "cổng-dịch-vụ-3");
	assert_string_equal(back.vm.facts.labels, "web ha");
	assert_int_equal(back.vm.state, XN_VM_PAUSED_MIGRATING);
	assert_true(back.vm.facts.movable);
	assert_false(back.vm.facts.lockable);

	event = (struct xn_event){.kind = XN_EV_VM_LOAD, .now = {6}};
	event.load.cpu_ns = UINT64_MAX;
	event.load.at.ms = 4;
	back = across(&event);
	assert_true(back.load.cpu_ns == UINT64_MAX);
}

static void
the_small_ones_come_back(void **state)
{
	struct xn_event event = {.kind = XN_EV_BOOT, .now = {1}};

	(void)state;
	across(&event);
	event.kind = XN_EV_TICK;
	across(&event);
	event = (struct xn_event){.kind = XN_EV_HOST_UP, .now = {2}};
	event.host.host = 1;
	event.host.cpus = 64;
	event.host.memory_mib = UINT64_C(1) << 40;
	assert_true(across(&event).host.memory_mib == UINT64_C(1) << 40);
	event = (struct xn_event){.kind = XN_EV_VIRT_DONE, .now = {3}};
	event.virt.request = 9;
	event.virt.outcome = XN_VIRT_UNKNOWN;
	snprintf(event.virt.text, sizeof(event.virt.text), "no reply in 10 s");
	assert_string_equal(across(&event).virt.text, "no reply in 10 s");
	event = (struct xn_event){.kind = XN_EV_COMMAND, .now = {4}};
	event.command.verb = XN_DO_DRAIN;
	snprintf(event.command.subject, sizeof(event.command.subject), "h2");
	assert_string_equal(across(&event).command.subject, "h2");
	event = (struct xn_event){.kind = XN_EV_STORAGE, .now = {5}};
	event.storage.full = true;
	assert_true(across(&event).storage.full);
}

static void
a_correction_comes_back(void **state)
{
	struct xn_event event = {.kind = XN_EV_CORRECTION, .now = {1700000000123}};
	struct xn_correction *what = &event.correction.what;
	struct xn_event back;

	(void)state;
	event.correction.request = 9;
	snprintf(what->meter, sizeof(what->meter), "pdu-a07-a/3");
	what->start.ms = 1700000000000;
	what->end.ms = 1700001800000;
	what->energy.mj = -5;
	what->grade = XN_GRADE_SUBSTITUTED;
	snprintf(what->author, sizeof(what->author), "lan");
	snprintf(what->reason, sizeof(what->reason), "hiệu chuẩn");
	snprintf(what->evidence, sizeof(what->evidence), "invoice 17");
	back = across(&event);
	assert_memory_equal(&back.correction, &event.correction, sizeof(event.correction));
}

static void
bytes_that_are_no_event_are_refused(void **state)
{
	static const uint8_t wrong[][32] = {{0}, {14}, {255},
	    {XN_EV_STORAGE, 0, 0, 0, 0, 0, 0, 0, 1, 2},
	    {XN_EV_READING, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9}};
	struct xn_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct xn_reader in = {.at = wrong[i], .left = sizeof(wrong[i])};
		struct xn_event event;
		struct xn_source source;

		assert_int_equal(xn_event_decode(&in, &event, &source, &err), XN_EINVALID);
	}
}

static void
a_request_comes_back_and_other_kinds_do_not_cross(void **state)
{
	struct xn_action action = {.kind = XN_ACT_MIGRATE}, back;
	struct xn_writer out = {.base = bytes, .size = sizeof(bytes)};
	struct xn_reader in;
	struct xn_error err;

	(void)state;
	action.virt.request = 11;
	action.virt.uuid.bytes[3] = 4;
	action.virt.host = 1;
	action.virt.target = 2;
	action.virt.paused = true;
	action.virt.generation = 6;
	action.virt.deadline = xn_seconds(90);
	xn_action_encode(&action, &out);
	for (size_t size = 0; size < out.used; size++) {
		in = (struct xn_reader){.at = bytes, .left = size};
		assert_int_equal(xn_action_decode(&in, &back, &err), XN_EINVALID);
	}
	in = (struct xn_reader){.at = bytes, .left = out.used};
	assert_int_equal(xn_action_decode(&in, &back, &err), XN_OK);
	assert_memory_equal(&back.virt.uuid, &action.virt.uuid, sizeof(back.virt.uuid));
	assert_int_equal(back.virt.target, 2);
	assert_true(back.virt.paused);
	assert_int_equal(back.virt.deadline.ms, 90000);
	bytes[0] = XN_ACT_NOTE;
	in = (struct xn_reader){.at = bytes, .left = out.used};
	assert_int_equal(xn_action_decode(&in, &back, &err), XN_EINVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reading_comes_back),
	    cmocka_unit_test(a_vm_and_its_load_come_back),
	    cmocka_unit_test(the_small_ones_come_back),
	    cmocka_unit_test(a_correction_comes_back),
	    cmocka_unit_test(bytes_that_are_no_event_are_refused),
	    cmocka_unit_test(a_request_comes_back_and_other_kinds_do_not_cross),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
