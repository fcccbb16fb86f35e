/* Racks: what they draw, how warm they are, whether they may be acted on. */

#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

static const struct xn_column columns[] = {
    {"RACK", "name", XN_CELL_TEXT},
    {"ROOM", "room", XN_CELL_TEXT},
    {"IT POWER", "it_w", XN_CELL_WATTS},
    {"FEED A", "feed_a_w", XN_CELL_WATTS},
    {"OF", "feed_a_rating_w", XN_CELL_WATTS},
    {"FEED B", "feed_b_w", XN_CELL_WATTS},
    {"OF", "feed_b_rating_w", XN_CELL_WATTS},
    {"INLET", "inlet_c", XN_CELL_CELSIUS},
    {"HOLD", "hold", XN_CELL_YES},
    {"WHY", "why", XN_CELL_TEXT},
};

/* Feeds are a list in the answer and two pairs of columns in a table. */
static json_t *
flatten(const json_t *racks)
{
	json_t *rows = json_array(), *rack, *feed;
	size_t i, f;

	json_array_foreach(racks, i, rack)
	{
		json_t *row = json_copy(rack);

		json_array_foreach(json_object_get(rack, "feeds"), f, feed)
		{
			bool b = xn_field_text(feed, "name")[0] == 'B';

			json_object_set(
			    row, b ? "feed_b_w" : "feed_a_w", json_object_get(feed, "w"));
			json_object_set(row, b ? "feed_b_rating_w" : "feed_a_rating_w",
			    json_object_get(feed, "rating_w"));
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

static int
print(const struct xn_cli *cli, const json_t *racks)
{
	enum xn_format format;
	json_t *rows;
	int code;

	if (xn_table_format(cli, &format) && format == XN_FORMAT_JSON) {
		xn_table_json(racks);
		return XN_EXIT_OK;
	}
	rows = flatten(racks);
	code = xn_table_print(
	    cli, rows, columns, sizeof(columns) / sizeof(columns[0]), "the site has no racks");
	json_decref(rows);
	return code;
}

static int
list(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_client_show(cli, "/racks", print);
}

const struct xn_cli_command xn_cli_rack_list = {
    .noun = "rack",
    .verb = "list",
    .arguments = "",
    .summary = "racks with both feeds, inlet temperature and whether they are on hold",
    .examples = "xanh rack list\nxanh rack list -o csv",
    .options = {XN_CLIENT_OPTIONS},
    .run = list,
};
