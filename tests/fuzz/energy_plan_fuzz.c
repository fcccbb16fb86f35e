/* Any bytes as an energy plan or tariff: problems or a plan that answers, never a crash. */
#include <stdlib.h>

#include "policies/energy_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
question(const struct xn_energy_plan *plan)
{
	struct xn_band band;
	struct xn_factor factor;
	struct xn_target target;
	xn_energy energy;
	xn_carbon carbon;
	xn_instant at = {INT64_C(1794762000000)};

	for (int i = 0; plan != NULL && i < 14; i++) {
		if (xn_energy_plan_band(plan, at, 25200, &band) && band.until.ms <= at.ms)
			abort();
		xn_energy_plan_factor(plan, XN_FACTOR_RESIDUAL, at, &factor);
		xn_energy_plan_target(plan, XN_TARGET_PUE, at, 25200, &target);
		xn_energy_plan_contracted(
		    plan, at, xn_after(at, xn_seconds(1800)), 25200, &energy, &carbon);
		at = xn_after(at, xn_seconds(12 * 3600 + 60));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct xn_arena arena;
	struct xn_problems problems;
	struct xn_source source = {.path = "p", .bytes = (const char *)bytes, .size = size};
	const struct xn_yaml *documents;

	if (size > 65536)
		return 0;
	xn_arena_map(&arena, (size_t)1 << 30);
	xn_problems_init(&problems, &arena);
	documents = xn_yaml_read_text(&arena, &source, &problems);
	XN_YAML_EACH (document, documents) {
		xn_tariff_check(&arena, document, &problems);
		question(xn_energy_plan_compile(&arena, document, &problems));
	}
	xn_arena_unmap(&arena);
	return 0;
}
