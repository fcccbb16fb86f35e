/* Cells: amounts of the books as the scaled integers of a document. */
#include "orchestrator/reports/making.h"

#include <string.h>

__extension__ typedef __int128 wide;

int64_t
xn_share(int64_t part, int64_t whole, int64_t scale)
{
	bool negative = (part < 0) != (whole < 0);
	wide number = (wide)(part < 0 ? -part : part) * scale;
	wide by = whole < 0 ? -(wide)whole : whole;
	int64_t share = by == 0 ? 0 : (int64_t)((number + by / 2) / by);

	return negative ? -share : share;
}

xn_energy
xn_magnitude(xn_energy energy)
{
	return (xn_energy){.mj = energy.mj < 0 ? -energy.mj : energy.mj};
}

void
xn_put_text(struct xn_cell *cell, const char *text)
{
	cell->none = text == NULL || text[0] == '\0';
	cell->text = text;
}

void
xn_put_copy(struct xn_making *making, struct xn_cell *cell, const char *text)
{
	if (text != NULL && text[0] != '\0')
		xn_put_text(cell, xn_text_copy(making->arena, text, strlen(text)));
}

void
xn_put_number(struct xn_cell *cell, int64_t scaled)
{
	cell->none = false;
	cell->scaled = scaled;
}

void
xn_put_time(struct xn_cell *cell, xn_instant at)
{
	xn_put_number(cell, at.ms);
}

void
xn_put_kwh(struct xn_cell *cell, xn_energy energy)
{
	xn_put_number(cell, xn_share(xn_magnitude(energy).mj, XN_WH_MJ, 1));
}

void
xn_put_vnd(struct xn_cell *cell, xn_money money)
{
	xn_put_number(cell, xn_share(money.mvnd, 1000, 1));
}

void
xn_put_kg(struct xn_cell *cell, xn_carbon carbon)
{
	xn_put_number(cell, xn_share(carbon.mg, 1000, 1));
}

void
xn_put_percent(struct xn_cell *cell, int64_t part, int64_t whole)
{
	if (whole != 0)
		xn_put_number(cell, xn_share(part, whole, 10000));
}

void
xn_put_quality(struct xn_cell *quality, struct xn_cell *energy, const struct xn_amount *amount)
{
	int64_t all = xn_magnitude(amount->energy).mj;

	xn_put_percent(&quality[0], amount->covered.ms, amount->span.ms);
	if (all != 0)
		xn_put_percent(&quality[1], amount->estimated.mj, all);
	else
		xn_put_number(&quality[1], 0);
	if (energy != NULL)
		energy->estimated = quality[1].scaled > XN_ESTIMATED_MOST;
}
