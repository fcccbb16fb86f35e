#include "drivers/modbus_plan.h"

#include <assert.h>
#include <string.h>

#define NO_ROOM  "too many points"
#define NOT_READ "not read"

void
xn_modbus_plan_clear(struct xn_modbus_plan *plan)
{
	plan->count = 0;
	plan->limit = XN_MODBUS_REGISTERS_MAX;
	plan->gap = XN_MODBUS_GAP;
	plan->sorted = false;
	plan->died = false;
	plan->first = 0;
	plan->next = 0;
}

void
xn_modbus_plan_limit(struct xn_modbus_plan *plan, unsigned registers, unsigned gap)
{
	assert(registers >= 4 && registers <= XN_MODBUS_REGISTERS_MAX);
	plan->limit = registers;
	plan->gap = gap;
}

int
xn_modbus_plan_add(
    struct xn_modbus_plan *plan, enum xn_modbus_space space, uint16_t address, unsigned width)
{
	assert(width >= 1 && width <= 4 && address + width <= 65536);
	for (unsigned i = 0; i < plan->count; i++) {
		const struct xn_modbus_want *want = &plan->wants[i];

		if (want->space == space && want->address == address && want->width == width)
			return (int)i;
	}
	if (plan->count == XN_MODBUS_WANTS_MAX)
		return -1;
	plan->order[plan->count] = (uint16_t)plan->count;
	plan->wants[plan->count] = (struct xn_modbus_want){
	    .space = space, .address = address, .width = (uint8_t)width, .why = NOT_READ};
	plan->sorted = false;
	return (int)plan->count++;
}

static bool
is_before(const struct xn_modbus_want *a, const struct xn_modbus_want *b)
{
	return a->space != b->space ? a->space < b->space : a->address < b->address;
}

/* Points mostly come in order already, so insertion is enough. */
static void
sort(struct xn_modbus_plan *plan)
{
	for (unsigned i = 1; i < plan->count; i++) {
		uint16_t moving = plan->order[i];
		unsigned at = i;

		for (; at > 0 && is_before(&plan->wants[moving], &plan->wants[plan->order[at - 1]]);
		     at--)
			plan->order[at] = plan->order[at - 1];
		plan->order[at] = moving;
	}
	plan->sorted = true;
}

void
xn_modbus_plan_keep(struct xn_modbus_plan *plan, const bool kept[XN_MODBUS_WANTS_MAX])
{
	for (unsigned i = 0; i < plan->count; i++)
		plan->wants[i].dead = plan->wants[i].dead || !kept[i];
}

bool
xn_modbus_plan_refused(const struct xn_modbus_plan *plan, int want)
{
	return want >= 0 && plan->wants[want].dead;
}

void
xn_modbus_plan_start(struct xn_modbus_plan *plan)
{
	if (!plan->sorted)
		sort(plan);
	for (unsigned i = 0; i < plan->count; i++) {
		if (plan->died)
			plan->wants[i].halved = false;
		if (!plan->wants[i].dead)
			plan->wants[i].why = NOT_READ;
	}
	plan->died = false;
	plan->first = 0;
	plan->next = 0;
}

static struct xn_modbus_want *
want_at(struct xn_modbus_plan *plan, unsigned place)
{
	return &plan->wants[plan->order[place]];
}

/* Whether the want may be read in one go with a range from `first` that ends at `end`. */
static bool
joins(const struct xn_modbus_plan *plan, const struct xn_modbus_want *first, unsigned end,
    const struct xn_modbus_want *want)
{
	return !want->dead && !want->apart && !want->halved && want->space == first->space &&
	    want->address <= end + plan->gap &&
	    want->address + want->width - first->address <= (int)plan->limit;
}

bool
xn_modbus_plan_next(struct xn_modbus_plan *plan, struct xn_modbus_range *ret_range)
{
	const struct xn_modbus_want *first;
	unsigned end;

	assert(plan->sorted || plan->count == 0);
	plan->first = plan->next;
	while (plan->first < plan->count && want_at(plan, plan->first)->dead)
		plan->first++;
	if (plan->first == plan->count)
		return false;
	first = want_at(plan, plan->first);
	end = (unsigned)first->address + first->width;
	for (plan->next = plan->first + 1; plan->next < plan->count; plan->next++) {
		const struct xn_modbus_want *want = want_at(plan, plan->next);

		if (!joins(plan, first, end, want))
			break;
		if ((unsigned)want->address + want->width > end)
			end = (unsigned)want->address + want->width;
	}
	plan->range = (struct xn_modbus_range){.space = first->space,
	    .address = first->address,
	    .count = (uint16_t)(end - first->address)};
	assert(plan->range.count >= 1 && plan->range.count <= plan->limit);
	*ret_range = plan->range;
	return true;
}

/* Registers between the want at a place of the range and the end of those before it. */
static int
gap_before(struct xn_modbus_plan *plan, unsigned place)
{
	unsigned end = 0;

	for (unsigned i = plan->first; i < place; i++) {
		const struct xn_modbus_want *want = want_at(plan, i);

		if ((unsigned)want->address + want->width > end)
			end = (unsigned)want->address + want->width;
	}
	return want_at(plan, place)->address - (int)end;
}

/* At the widest gap, for good, since the hole may lie in it; so is a range that was too long for
 * the device. Else in the middle, until the hole is found. */
static void
halve(struct xn_modbus_plan *plan, bool too_long)
{
	unsigned middle = (plan->first + plan->next) / 2;
	unsigned widest = 0;
	int width = 0;

	for (unsigned i = plan->first + 1; i < plan->next; i++) {
		if (gap_before(plan, i) > width) {
			width = gap_before(plan, i);
			widest = i;
		}
	}
	if (width > 0)
		want_at(plan, widest)->apart = true;
	else if (too_long)
		want_at(plan, middle)->apart = true;
	else
		want_at(plan, middle)->halved = true;
}

/* A refused range is tried again in halves; a want that is refused alone is dead. */
static void
refine(struct xn_modbus_plan *plan, int outcome)
{
	struct xn_modbus_want *first = want_at(plan, plan->first);

	for (unsigned i = plan->first; i < plan->next; i++)
		want_at(plan, i)->why = xn_modbus_exception(outcome);
	if (plan->next - plan->first > 1) {
		halve(plan, outcome == 3);
	} else {
		first->dead = true;
		plan->died = true;
	}
	plan->next = plan->first;
}

void
xn_modbus_plan_take(struct xn_modbus_plan *plan, int outcome, const uint16_t *values)
{
	if (outcome == 2 || outcome == 3) {
		refine(plan, outcome);
		return;
	}
	for (unsigned i = plan->first; i < plan->next; i++) {
		struct xn_modbus_want *want = want_at(plan, i);

		want->dead = outcome == 1;
		want->why = outcome < 0 ? "no answer"
		    : outcome > 0       ? xn_modbus_exception(outcome)
					: NULL;
		if (outcome == XN_OK)
			memcpy(want->values, values + (want->address - plan->range.address),
			    want->width * sizeof(values[0]));
	}
}

const char *
xn_modbus_plan_value(const struct xn_modbus_plan *plan, int want, uint16_t *ret_registers)
{
	const struct xn_modbus_want *wanted;

	if (want < 0)
		return NO_ROOM;
	wanted = &plan->wants[want];
	if (wanted->why == NULL)
		memcpy(ret_registers, wanted->values, wanted->width * sizeof(wanted->values[0]));
	return wanted->why;
}
