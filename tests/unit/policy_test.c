#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies/language.h"

static struct xn_arena arena;
static struct xn_problems problems;
static struct xn_source source;

static const struct xn_policy *
compile(const char *text)
{
	const struct xn_yaml *documents;
	const struct xn_policy *policy;

	xn_arena_reset(&arena);
	xn_problems_init(&problems, &arena);
	source = (struct xn_source){.path = "p.yaml", .bytes = text, .size = strlen(text)};
	documents = xn_yaml_read_text(&arena, &source, &problems);
	if (documents->first == NULL)
		return NULL;
	policy = xn_policy_compile(&arena, documents->first, &problems);
	return problems.count == 0 ? policy : NULL; /* reading finds mistakes of its own */
}

static void
expect_problem(const char *text, unsigned line, unsigned column, const char *words)
{
	const struct xn_problem *problem;

	assert_null(compile(text));
	assert_int_equal(problems.count, 1);
	problem = problems.first;
	if (problem->mark.line != line || problem->mark.column != column)
		print_error("%u:%u: %s\n", problem->mark.line, problem->mark.column, problem->text);
	assert_int_equal(problem->mark.line, line);
	assert_int_equal(problem->mark.column, column);
	assert_non_null(strstr(problem->text, words));
}

#define HEAD "kind: policy\nname: p\n"

static void
the_contracts_example_compiles(void **state)
{
	const struct xn_policy *policy = compile(
	    HEAD "mode: auto\n"
		 "clusters: [prod]\n"
		 "constraints:\n"
		 "  - spread: {select: {label: ha}, by: group, across: rack, max: 1}\n"
		 "  - fence: {select: {agency: [bca, bqp]}, hosts: {rack: [A07, A08]}}\n"
		 "  - ban: {select: {label: web}, hosts: {label: gpu}}\n"
		 "  - root: {select: {vm: [dns-1, dns-2]}}\n"
		 "  - overbook: {resource: cpu, ratio: 5.0}\n"
		 "  - rack_power: {max: 80 %, survive: one-feed}\n"
		 "  - inlet_temperature: {max: 27 degC}\n"
		 "  - reserve: {hosts: 1, per: room}\n"
		 "security_levels:\n"
		 "  - {level: 5, hosts: dedicated, racks: [A01], migrate: never}\n"
		 "  - {level: 4, hosts: separated, migrate: tls-only}\n"
		 "  - {level: 1-3, hosts: shared}\n"
		 "objectives:\n"
		 "  - {minimise: energy, weight: 5}\n"
		 "  - {minimise: moves, weight: 1}\n"
		 "deferrable:\n"
		 "  - select: {label: batch}\n"
		 "    window: {hours: 09:00-15:00, when: pv_surplus}\n"
		 "    finish_by: 06:00\n"
		 "    by: [delay-start, cpu-quota, pause]\n"
		 "moves:\n"
		 "  per_hour: 20\n"
		 "  at_once: 2\n"
		 "  per_vm: 1 per day\n"
		 "  min_saving: 0.5 kWh per move\n"
		 "  horizon: 24 h\n"
		 "  freeze:\n"
		 "    - {hours: 07:30-09:00, days: mon-fri}\n"
		 "    - {dates: 2027-02-05..2027-02-12, why: \"Tết\"}\n"
		 "power_off: {idle_for: 30 min, keep_spare_hosts: 1, hosts: {label: can-sleep}}\n");

	(void)state;
	assert_non_null(policy);
	assert_int_equal(problems.count, 0);
	assert_string_equal(xn_policy_name(policy), "p");
	assert_int_equal(xn_policy_mode(policy), XN_MODE_AUTO);
	assert_int_equal(xn_policy_at_once(policy), 2);
	assert_ptr_equal(xn_policy_source(policy), &source);
	assert_int_equal(policy->clause_count, 8);
	assert_int_equal(policy->clauses[4].terms.ratio, 5000);
	assert_int_equal(policy->clauses[5].terms.max, 800000);
	assert_int_equal(policy->clauses[6].terms.max, 300150);
	assert_int_equal(policy->levels[2].levels, 0xe);
	assert_int_equal(policy->moves.per_vm, 1);
	assert_int_equal(policy->moves.min_saving.mj, 1800000000);
	assert_int_equal(policy->keep_spare_hosts, 1);
}

static void
a_policy_needs_a_kind_and_a_name_only(void **state)
{
	(void)state;
	assert_non_null(compile(HEAD));
	assert_int_equal(xn_policy_mode(compile(HEAD)), XN_MODE_APPROVE);
	assert_int_equal(xn_policy_at_once(compile(HEAD)), 1);
	assert_null(compile("kind: policy\n"));
	assert_null(compile("kind: energy-plan\nname: p\n"));
}

static void
each_mistake_is_told_where_it_stands(void **state)
{
	(void)state;
	expect_problem(HEAD "mood: auto\n", 3, 1, "mood");
	expect_problem(HEAD "mode: auto\nmode: auto\n", 4, 1, "mode");
	expect_problem(HEAD "constraints:\n  - spraed: {}\n", 4, 5, "unknown constraint 'spraed'");
	expect_problem(HEAD "constraints:\n  - root: {}\n", 4, 5, "required key");
	expect_problem(HEAD "constraints:\n  - inlet_temperature: {max: 27}\n", 4, 30, "unit");
	expect_problem(HEAD "constraints:\n  - rack_power: {max: 120 %}\n", 4, 23, "120");
	expect_problem(
	    HEAD "constraints:\n  - overbook: {resource: network, ratio: 1}\n", 4, 26, "network");
	expect_problem(
	    HEAD "constraints:\n  - overbook: {resource: cpu, ratio: 0}\n", 4, 38, "ratio");
	expect_problem(HEAD "constraints:\n  - ban: {select: {}, hosts: {all: true}}\n", 4, 19,
	    "nothing is selected");
	expect_problem(HEAD "constraints:\n  - {root: {select: {all: true}}, ban: {}}\n", 4, 5,
	    "exactly one key");
	expect_problem(
	    HEAD "constraints:\n  - root: {select: {security_level: 6}}\n", 4, 37, "1 to 5");
	expect_problem(HEAD "security_levels:\n  - {level: 1-3, hosts: shared}\n"
			    "  - {level: 3, hosts: shared}\n",
	    5, 13, "already");
	expect_problem(HEAD "moves: {per_hour: 0}\n", 3, 19, "above 0");
	expect_problem(HEAD "moves: {per_vm: 1 per week}\n", 3, 17, "per day");
	expect_problem(HEAD "moves: {min_saving: 5 W per move}\n", 3, 21, "unit");
	expect_problem(HEAD "moves: {freeze: [{dates: 2027-02-30}]}\n", 3, 26, "no date");
	expect_problem(HEAD "objectives: [{minimise: noise}]\n", 3, 25, "noise");
	expect_problem(
	    HEAD "deferrable: [{select: {all: true}, finish_by: 25:00}]\n", 3, 47, "time of day");
}

static void
a_fraction_of_an_amount_follows_its_resource(void **state)
{
	const struct xn_policy *policy = compile(
	    HEAD "constraints:\n"
		 "  - preserve: {select: {all: true}, resource: cpu, at_least: 1.5 cores}\n"
		 "  - preserve: {select: {all: true}, resource: memory, at_least: 2 GiB}\n"
		 "  - resource_capacity: {hosts: {all: true}, resource: network, max: 1 Gbit/s}\n");

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->clauses[0].terms.max, 1500);
	assert_int_equal(policy->clauses[1].terms.max, 2048);
	assert_int_equal(policy->clauses[2].terms.max, 1000);
	expect_problem(HEAD "constraints:\n"
			    "  - preserve: {select: {all: true}, resource: cpu, at_least: 2 GiB}\n",
	    4, 62, "GiB");
}

static void
a_freeze_holds_in_local_time_and_over_midnight(void **state)
{
	/* 2026-11-23 is a Monday; 09:00+07:00 is 02:00 UTC. */
	const xn_instant monday_nine = {.ms = INT64_C(1795399200000)};
	const struct xn_policy *policy =
	    compile(HEAD "moves:\n"
			 "  freeze:\n"
			 "    - {hours: 22:00-06:00, days: sun, why: night}\n"
			 "    - {dates: 2027-02-05..2027-02-12}\n");
	const struct xn_freeze *freeze;

	(void)state;
	assert_non_null(policy);
	assert_null(xn_policy_frozen(policy, monday_nine, 7 * 3600));
	freeze = xn_policy_frozen(policy, xn_after(monday_nine, xn_seconds(-4 * 3600)), 7 * 3600);
	assert_non_null(freeze);
	assert_string_equal(freeze->why, "night");
	assert_null(
	    xn_policy_frozen(policy, xn_after(monday_nine, xn_seconds(-3 * 3600)), 7 * 3600));
	/* Tuesday 05:00 belongs to Monday's night. */
	assert_null(
	    xn_policy_frozen(policy, xn_after(monday_nine, xn_seconds(20 * 3600)), 7 * 3600));
	assert_non_null(
	    xn_policy_frozen(policy, xn_after(monday_nine, xn_seconds(81 * 86400)), 7 * 3600));
	assert_null(
	    xn_policy_frozen(policy, xn_after(monday_nine, xn_seconds(82 * 86400)), 7 * 3600));
}

static void
labels_match_as_whole_words(void **state)
{
	const struct xn_policy *policy =
	    compile(HEAD "constraints: [{root: {select: {label: [web, db]}}}]\n");
	struct xn_fleet_vm vm = {.id = "v", .labels = "webby xdb", .running = true};

	(void)state;
	assert_non_null(policy);
	assert_false(xn_select_vm(&policy->clauses[0].terms.select, &vm));
	vm.labels = "webby web";
	assert_true(xn_select_vm(&policy->clauses[0].terms.select, &vm));
}

int
main(void)
{
	static unsigned char memory[4 << 20];
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_contracts_example_compiles),
	    cmocka_unit_test(a_policy_needs_a_kind_and_a_name_only),
	    cmocka_unit_test(each_mistake_is_told_where_it_stands),
	    cmocka_unit_test(a_fraction_of_an_amount_follows_its_resource),
	    cmocka_unit_test(a_freeze_holds_in_local_time_and_over_midnight),
	    cmocka_unit_test(labels_match_as_whole_words),
	};

	xn_arena_init(&arena, memory, sizeof(memory));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
