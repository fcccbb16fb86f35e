/* The way into the page: an address that logs in whoever opens it, once. */

#include <stdio.h>

#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

static int
run(struct xn_cli *cli)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	json_t *answer = NULL;
	const char *url;

	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	xn_client_send(client, "POST", "/login-codes", NULL, NULL, &answer, &err);
	xn_client_close(client);
	if (err.code != XN_OK)
		return xn_client_give_up(&err);
	url = xn_field_text(answer, "url");
	if (*url == '\0')
		xn_fail(&err, XN_ENOTFOUND,
		    "xanhd offers no page: its api.listen has no http or tls address");
	else
		puts(url);
	json_decref(answer);
	return err.code == XN_OK ? XN_EXIT_OK : xn_client_give_up(&err);
}

const struct xn_cli_command xn_cli_dashboard = {
    .noun = "dashboard",
    .arguments = "",
    .summary = "print an address that opens the page and logs you in, once",
    .examples = "xdg-open \"$(xanh dashboard)\"",
    .options = {XN_CLIENT_OPTIONS},
    .run = run,
};
