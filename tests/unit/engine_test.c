#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/loop.h"
#include "orchestrator/shell/engine.h"
#include "orchestrator/shell/engine_results.h"
#include "orchestrator/shell/store_sqlite.h"

static const struct xn_topo_rack racks[2] = {
    {.name = "A01", .room = "r", .feed_rating = {{3680000}}, .cooling_meter = XN_NONE},
    {.name = "A02", .room = "r", .feed_rating = {{3680000}}, .cooling_meter = XN_NONE},
};
static const struct xn_topo_host hosts[2] = {
    {.name = "h1", .cluster = "c", .rack = 0, .idle = {100000}, .full = {300000}},
    {.name = "h2", .cluster = "c", .rack = 1, .idle = {150000}, .full = {400000}},
};
static const struct xn_topo_meter meters[4] = {
    {.name = "a", .role = XN_METER_FEED, .rack = 0, .host = XN_NONE, .feed = 0, .max = {3680000}},
    {.name = "b", .role = XN_METER_FEED, .rack = 1, .host = XN_NONE, .feed = 0, .max = {3680000}},
    {.name = "a/1", .role = XN_METER_OUTLET, .rack = 0, .host = 0, .feed = 0, .max = {3680000}},
    {.name = "b/1", .role = XN_METER_OUTLET, .rack = 1, .host = 1, .feed = 0, .max = {3680000}},
};
static const struct xn_topology site = {.site = "t",
    .utc_offset_s = 25200,
    .fresh = {30000},
    .lost = {120000},
    .interval = {60000},
    .tick = {1000},
    .fingerprint = 7,
    .racks = racks,
    .rack_count = 2,
    .hosts = hosts,
    .host_count = 2,
    .meters = meters,
    .meter_count = 4};
static const char policy[] = "kind: policy\nname: p\nobjectives:\n  - {minimise: energy}\n";

struct fixture {
	char folder[64];
	struct xn_topology topology;
	struct xn_store *store;
	struct xn_engine engine;
	struct xn_arena arena;
	unsigned sent, told;
};

static void
on_send(void *context, const struct xn_action *action)
{
	struct fixture *f = context;

	(void)action;
	f->sent++;
}

static void
on_news(void *context, const struct xn_action *action)
{
	struct fixture *f = context;

	(void)action;
	f->told++;
}

static void
open_engine(struct fixture *f)
{
	const struct xn_engine_hooks hooks = {on_send, on_news, f};
	struct xn_error err = {0};
	bool quarantined;

	if (xn_store_open(&f->store, f->folder, &quarantined, &err) != XN_OK ||
	    xn_engine_open(&f->engine, &f->topology, f->store, &hooks, &err) != XN_OK)
		fail_msg("%s", err.text);
}

static void
close_engine(struct fixture *f)
{
	xn_engine_close(&f->engine);
	xn_store_close(f->store);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/xanh-engine-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->topology = site;
	xn_arena_map(&f->arena, 1 << 20);
	open_engine(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	close_engine(f);
	xn_arena_unmap(&f->arena);
	snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void
take_host(struct fixture *f, uint32_t host, const char *vm)
{
	struct xn_event event = {.kind = XN_EV_HOST_UP, .host = {host, 8, 16384}};

	xn_engine_take(&f->engine, &event);
	event =
	    (struct xn_event){.kind = XN_EV_VM_SEEN, .vm = {.host = host, .state = XN_VM_RUNNING}};
	snprintf(event.vm.facts.name, sizeof(event.vm.facts.name), "%s", vm);
	event.vm.uuid.bytes[0] = (uint8_t)(host + 1);
	event.vm.facts.vcpus = 1;
	event.vm.facts.memory_mib = 512;
	event.vm.facts.movable = true;
	event.vm.facts.security_level = 1;
	xn_engine_take(&f->engine, &event);
	event = (struct xn_event){.kind = XN_EV_HOST_LISTED, .host = {host, 8, 16384}};
	xn_engine_take(&f->engine, &event);
}

static void
read_all(struct fixture *f)
{
	for (uint32_t meter = 0; meter < 4; meter++) {
		struct xn_event event = {.kind = XN_EV_READING,
		    .reading = {.meter = meter,
			.quality = XN_QUALITY_GOOD,
			.has_power = true,
			.power = xn_watts(200 + meter),
			.at = xn_clock_now()}};

		xn_engine_take(&f->engine, &event);
	}
}

static void
ask(struct fixture *f, enum xn_verb verb, const char *subject, struct xn_reply *ret_reply)
{
	struct xn_error err = {0};

	if (xn_engine_command(&f->engine, verb, subject, "lan", "", ret_reply, &err) != XN_OK)
		fail_msg("%s", err.text);
}

static void
apply_policy(struct fixture *f)
{
	struct xn_problems problems;
	struct xn_reply reply;
	struct xn_error err = {0};

	xn_problems_init(&problems, &f->arena);
	if (xn_engine_policy(&f->engine, "p.yaml", policy, strlen(policy), "lan", true, &problems,
		&reply, &err) != XN_OK)
		fail_msg("%s", err.text);
	assert_int_equal(reply.code, XN_OK);
}

/* A site with two hosts, one VM each, fresh meters, a policy and a plan under way. */
static void
live(struct fixture *f)
{
	const struct xn_event tick = {.kind = XN_EV_TICK};
	struct xn_reply reply;

	xn_engine_boot(&f->engine);
	take_host(f, 0, "v1");
	take_host(f, 1, "v2");
	read_all(f);
	xn_engine_take(&f->engine, &tick);
	apply_policy(f);
	ask(f, XN_DO_DRAIN, "h2", &reply);
	ask(f, XN_DO_PLAN, "", &reply);
	assert_int_equal(reply.code, XN_OK);
	ask(f, XN_DO_APPROVE, reply.subject, &reply);
	ask(f, XN_DO_APPLY, reply.subject, &reply);
	read_all(f);
}

static void
forget_pointer(uint8_t *bytes, size_t offset)
{
	memset(bytes + 16 + offset, 0, sizeof(void *));
}

static void *
saved(const struct fixture *f, size_t *ret_size)
{
	size_t room = xn_core_save_size(f->engine.core);
	struct xn_writer out = {.base = malloc(room), .size = room};

	xn_core_save(f->engine.core, &out);
	assert_false(out.full);
	/* The tables go as they lie in memory, pointers too, after a head of 16 bytes; a CRC ends
	 * them. */
	forget_pointer(out.base, offsetof(struct xn_core, topology));
	forget_pointer(out.base, offsetof(struct xn_core, scratch));
	forget_pointer(out.base, offsetof(struct xn_core, policy));
	forget_pointer(out.base, offsetof(struct xn_core, racks));
	forget_pointer(out.base, offsetof(struct xn_core, meters));
	forget_pointer(out.base, offsetof(struct xn_core, hosts));
	forget_pointer(out.base, offsetof(struct xn_core, vms));
	forget_pointer(out.base, offsetof(struct xn_core, vm_index));
	*ret_size = out.used - 4;
	return out.base;
}

static char *
evidence_of(struct fixture *f)
{
	sqlite3_stmt *row;
	char *text;

	assert_int_equal(
	    sqlite3_prepare_v2(f->store->db,
		"SELECT author || ': ' || reason || ' (' || evidence || ')' FROM correction", -1,
		&row, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	text = strdup((const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	return text;
}

static void
a_correction_is_answered_and_kept_with_its_evidence(void **state)
{
	struct fixture *f = *state;
	struct xn_correction what = {.meter = "a",
	    .start = {1700000040000},
	    .end = {1700000100000},
	    .energy = {1000},
	    .grade = XN_GRADE_SUBSTITUTED,
	    .author = "lan",
	    .reason = "it was bridged",
	    .evidence = "photo 4"};
	struct xn_reply reply;
	struct xn_error err;
	char *text;

	xn_engine_boot(&f->engine);
	assert_int_equal(xn_engine_correct(&f->engine, &what, &reply, &err), XN_OK);
	assert_int_equal(reply.code, XN_OK);
	assert_string_equal(reply.text, "a: 1 interval corrected");
	text = evidence_of(f);
	assert_string_equal(text, "lan: it was bridged (photo 4)");
	free(text);
	snprintf(what.meter, sizeof(what.meter), "z");
	assert_int_equal(xn_engine_correct(&f->engine, &what, &reply, &err), XN_OK);
	assert_int_equal(reply.code, XN_EINVALID);
	assert_string_equal(reply.text, "there is no meter z");
}

static void
a_replay_gives_the_same_state_to_the_last_bit(void **state)
{
	struct fixture *f = *state;
	size_t before_size, after_size;
	void *before, *after;

	live(f);
	assert_true(f->sent > 0);
	before = saved(f, &before_size);
	f->sent = f->told = 0;
	close_engine(f);
	open_engine(f);
	after = saved(f, &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	assert_int_equal(f->sent, 0);
	assert_int_equal(f->told, 0);
	free(before);
	free(after);
}

static void
a_snapshot_makes_the_replay_short(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	size_t before_size, after_size;
	void *before, *after;

	live(f);
	assert_int_equal(xn_engine_snapshot(&f->engine, &err), XN_OK);
	read_all(f);
	before = saved(f, &before_size);
	close_engine(f);
	open_engine(f);
	assert_int_equal(f->engine.steps, 4);
	after = saved(f, &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	free(before);
	free(after);
}

static void
a_move_under_way_is_looked_at_after_a_restart_and_not_repeated(void **state)
{
	struct fixture *f = *state;
	uint64_t requests;

	live(f);
	requests = xn_store_op_last(f->store);
	assert_true(requests > 0);
	close_engine(f);
	f->sent = 0;
	open_engine(f);
	xn_engine_boot(&f->engine);
	assert_int_equal(xn_store_op_last(f->store), requests);
}

static void
a_changed_site_begins_anew_but_keeps_its_policy(void **state)
{
	struct fixture *f = *state;

	live(f);
	close_engine(f);
	f->topology.fingerprint = 8;
	open_engine(f);
	assert_int_equal(f->engine.steps, 0);
	assert_non_null(f->engine.core->policy);
	assert_string_equal(xn_policy_name(f->engine.core->policy), "p");
	assert_true(f->engine.core->next_request >= xn_store_op_last(f->store));
}

static void
a_journal_that_kills_the_replay_is_passed_over(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	int64_t last;

	live(f);
	last = f->engine.seq;
	xn_store_meta(f->store, "replays", "3", &err);
	close_engine(f);
	open_engine(f);
	assert_int_equal(f->engine.steps, 0);
	assert_int_equal(f->engine.seq, last);
	close_engine(f);
	open_engine(f);
	assert_int_equal(f->engine.steps, 0);
}

static void
a_wrong_policy_changes_nothing(void **state)
{
	struct fixture *f = *state;
	const char wrong[] = "kind: policy\nname: q\nobjektives: []\n";
	const struct xn_policy *before;
	struct xn_problems problems;
	struct xn_reply reply;
	struct xn_error err;
	int64_t seq;

	live(f);
	before = f->engine.core->policy;
	seq = f->engine.seq;
	xn_problems_init(&problems, &f->arena);
	assert_int_equal(xn_engine_policy(&f->engine, "q.yaml", wrong, strlen(wrong), "lan", true,
			     &problems, &reply, &err),
	    XN_EINVALID);
	assert_true(problems.count > 0);
	assert_ptr_equal(f->engine.core->policy, before);
	assert_int_equal(f->engine.seq, seq);
}

static void
what_people_did_is_in_the_audit_trail(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	int64_t rows;

	live(f);
	assert_int_equal(xn_store_audit_verify(f->store, &rows, &err), XN_OK);
	assert_true(rows >= 5); /* policy, drain, plan, approve, apply; and notes */
}

/* So that a replay after a crash gives it the same number again. */
static void
a_correction_has_the_number_of_the_event_that_caused_it(void **state)
{
	static struct xn_actions actions;
	struct fixture *f = *state;
	const struct xn_event event = {.kind = XN_EV_TICK, .now = {60000}};
	struct xn_results results = {0};
	struct xn_books *books;
	struct xn_error err;

	actions.count = 0;
	snprintf(xn_act(&actions, XN_ACT_LEDGER)->ledger.author, XN_NAME_SIZE, "xanhd");
	actions.items[0].ledger.correction = true;
	actions.items[0].ledger.energy.mj = 5;
	actions.items[0].ledger.end.ms = 60000;
	for (int i = 0; i < 2; i++) {
		xn_results_add(&results, 4711, &event, &actions);
		assert_int_equal(xn_results_store(&results, f->store, f->engine.now, &err), XN_OK);
		results.count = 0;
	}
	assert_int_equal(xn_books_open(&books, f->folder, &err), XN_OK);
	assert_int_equal(xn_books_newest(books), 4711);
	xn_books_close(books);
	xn_results_free(&results);
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(a_correction_is_answered_and_kept_with_its_evidence),
	    STORY(a_replay_gives_the_same_state_to_the_last_bit),
	    STORY(a_snapshot_makes_the_replay_short),
	    STORY(a_move_under_way_is_looked_at_after_a_restart_and_not_repeated),
	    STORY(a_changed_site_begins_anew_but_keeps_its_policy),
	    STORY(a_journal_that_kills_the_replay_is_passed_over),
	    STORY(a_wrong_policy_changes_nothing),
	    STORY(what_people_did_is_in_the_audit_trail),
	    STORY(a_correction_has_the_number_of_the_event_that_caused_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
