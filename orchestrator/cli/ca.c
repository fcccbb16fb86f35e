#include <stdio.h>
#include <string.h>

#include "common/cli.h"
#include "common/pki.h"
#include "orchestrator/cli/commands.h"

#define HOST_TEXT_SIZE 1024

/* Splits "a,b,c" in place. */
static unsigned
split_hosts(char *text, const char **ret_hosts, unsigned room)
{
	unsigned count = 0;

	for (char *at = strtok(text, ","); at != NULL && count < room; at = strtok(NULL, ","))
		ret_hosts[count++] = at;
	return count;
}

static int
give_up(const struct xn_error *err)
{
	fputs("xanh: ", stderr);
	xn_cli_print_escaped(stderr, err->text);
	fputc('\n', stderr);
	return xn_exit_of(err->code);
}

static int
ca_init(struct xn_cli *cli)
{
	const char *dir = xn_cli_option(cli, "dir");
	const char *site = xn_cli_option(cli, "site");
	const char *host = xn_cli_option(cli, "host");
	const char *hosts[XN_PKI_HOSTS_MAX];
	char text[HOST_TEXT_SIZE];
	struct xn_error err = {0};
	unsigned count;

	if (dir == NULL || site == NULL) {
		fputs("xanh: ca init needs --dir DIR and --site NAME\n", stderr);
		return XN_EXIT_USAGE;
	}
	if (snprintf(text, sizeof(text), "%s", host == NULL ? "" : host) >= (int)sizeof(text)) {
		fputs("xanh: too many hosts\n", stderr);
		return XN_EXIT_USAGE;
	}
	count = split_hosts(text, hosts, XN_PKI_HOSTS_MAX);
	for (int i = 0; i < cli->argument_count && count < XN_PKI_HOSTS_MAX; i++)
		hosts[count++] = cli->arguments[i];
	if (xn_pki_init(dir, site, hosts, count, &err) < 0)
		return give_up(&err);
	fprintf(stderr,
	    "made %s/{ca,server,operator,report}.{crt,key}; keep ca.key where only you can read "
	    "it\n",
	    dir);
	return XN_EXIT_OK;
}

const struct xn_cli_command xn_cli_ca_init = {
    .noun = "ca",
    .verb = "init",
    .arguments = "[ADDR...]",
    .summary = "make the site's certificate authority and the certificates of the server, an "
	       "operator and the reports",
    .examples = "xanh ca init --dir /etc/xanh/tls --site hoa-lac-1 --host xanh.example,10.20.0.5\n",
    .options =
	{
	    {.name = "dir", .value = "DIR", .help = "where the files go; made if it is not there"},
	    {.name = "site", .value = "NAME", .help = "name of the site, in every certificate"},
	    {.name = "host", .value = "ADDR", .help = "names and addresses of the server, a,b,c"},
	},
    .run = ca_init,
};

static int
ca_report(struct xn_cli *cli)
{
	const char *dir = xn_cli_option(cli, "dir");
	struct xn_error err = {0};

	if (dir == NULL) {
		fputs("xanh: ca report needs --dir DIR\n", stderr);
		return XN_EXIT_USAGE;
	}
	if (xn_pki_issue(dir, XN_PEER_REPORT, "site", "report", &err) < 0)
		return give_up(&err);
	fprintf(stderr, "made %s/report.{crt,key}\n", dir);
	return XN_EXIT_OK;
}

const struct xn_cli_command xn_cli_ca_report = {
    .noun = "ca",
    .verb = "report",
    .arguments = "",
    .summary = "make the certificate that signs reports, of an authority that has none yet",
    .examples = "xanh ca report --dir /etc/xanh/pki\n",
    .options = {{.name = "dir", .value = "DIR", .help = "where ca.crt and ca.key are"}},
    .run = ca_report,
};
