/*
 * What is wrong, in the order in which one thing hides the next; and for each fault what to do. The
 * first fault that hides all that follows ends the visit.
 */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

#define TEXT_SIZE  512
#define SKEW_S_MAX 5

struct visit {
	const struct xn_cli *cli;
	struct xn_client *client;
	json_t *status, *racks, *hosts, *devices, *alarms;
	json_t *findings; /* [{check, ok, text, fix}] */
	int code;
};

/* ---- what was found ---- */

static void
add(struct visit *visit, const char *check, bool ok, const char *text, const char *fix)
{
	json_t *finding = json_pack("{s:s, s:b, s:s}", "check", check, "ok", (int)ok, "text", text);

	if (!ok)
		json_object_set_new(finding, "fix", json_string(fix));
	json_array_append_new(visit->findings, finding);
}

static void
fault(struct visit *visit, const char *check, const char *text, const char *fix, int code)
{
	add(visit, check, false, text, fix);
	if (visit->code == XN_EXIT_OK)
		visit->code = code;
}

static void
fine(struct visit *visit, const char *check, const char *text)
{
	add(visit, check, true, text, NULL);
}

/* ---- the way to the daemon ---- */

static bool
check_socket(struct visit *visit)
{
	const char *server = xn_client_server(visit->client), *path = server + 5;
	struct stat about;
	char text[TEXT_SIZE];

	if (strncmp(server, "unix:", 5) != 0)
		return true;
	snprintf(text, sizeof(text), "%s", path);
	if (stat(path, &about) < 0) {
		snprintf(text, sizeof(text), "%s: %s", path, strerror(errno));
		fault(visit, "socket", text,
		    errno == EACCES
			? "use an account that may enter that folder, or sudo"
			: "start xanhd (systemctl start xanhd; in the demo: make demo), or say "
			  "where it listens: --server or XANH_SERVER",
		    XN_EXIT_UNREACHABLE);
		return false;
	}
	if (access(path, W_OK) < 0) {
		fault(visit, "socket", text,
		    "use root's or the daemon's account: others may not write to it",
		    XN_EXIT_REFUSED);
		return false;
	}
	fine(visit, "socket", text);
	return true;
}

static const char *
fix_of(enum xn_code code)
{
	if (code == XN_EREFUSED)
		return "use root's or the daemon's account, or an operator's certificate (--cert, "
		       "--key)";
	if (code == XN_EUNREACHABLE)
		return "the daemon is not running or cannot be reached: systemctl status xanhd, "
		       "journalctl -u "
		       "xanhd; for https check --ca, --cert and --key";
	return "journalctl -u xanhd tells more";
}

static bool
check_answer(struct visit *visit)
{
	struct xn_error err = {.code = XN_OK};
	char text[TEXT_SIZE];

	if (xn_client_get(visit->client, "/status", &visit->status, &err) != XN_OK) {
		fault(visit, "xanhd", err.text, fix_of(err.code), xn_exit_of(err.code));
		return false;
	}
	snprintf(text, sizeof(text), "site %s answers", xn_field_text(visit->status, "site"));
	fine(visit, "xanhd", text);
	return true;
}

static bool
get(struct visit *visit, const char *path, json_t **ret_answer)
{
	struct xn_error err = {.code = XN_OK};

	if (xn_client_get(visit->client, path, ret_answer, &err) == XN_OK)
		return true;
	fault(visit, path + 1, err.text, fix_of(err.code), xn_exit_of(err.code));
	return false;
}

/* ---- what the daemon sees ---- */

static void
check_clock(struct visit *visit)
{
	struct tm tm = {.tm_isdst = 0};
	const char *now = xn_field_text(visit->status, "now");
	const char *rest = strptime(now, "%Y-%m-%dT%H:%M:%S", &tm);
	long hours = 0, minutes = 0;
	char text[TEXT_SIZE];
	double skew;

	if (rest == NULL)
		return;
	rest += strspn(rest, ".0123456789");
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2ld:%2ld", &hours, &minutes) == 2)
		hours = *rest == '-' ? -hours : hours, minutes = *rest == '-' ? -minutes : minutes;
	skew = difftime(time(NULL), timegm(&tm) - hours * 3600 - minutes * 60);
	snprintf(text, sizeof(text), "the site's clock and this one differ by %.0f s", fabs(skew));
	if (fabs(skew) > SKEW_S_MAX)
		fault(visit, "clock", text,
		    "set both by NTP: tariffs and certificates depend on it", XN_EXIT_INPUT);
	else
		fine(visit, "clock", text);
}

/* Agents that have said nothing since xanhd started, each named once. */
static void
check_agents(struct visit *visit)
{
	json_t *silent = json_object(), *device;
	size_t i;
	const char *agent;
	json_t *unused;
	char text[TEXT_SIZE], fix[TEXT_SIZE];

	json_array_foreach(visit->devices, i, device)
	{
		if (json_is_true(json_object_get(device, "enabled")) &&
		    json_is_null(json_object_get(device, "agent_heard")))
			json_object_set_new(silent, xn_field_text(device, "agent"), json_true());
	}
	json_object_foreach(silent, agent, unused)
	{
		(void)unused;
		snprintf(
		    text, sizeof(text), "agent %s has sent nothing since xanhd started", agent);
		snprintf(fix, sizeof(fix),
		    "on its machine: systemctl status xanh-agent; its certificate must name it: "
		    "'xanh agent "
		    "enrol %s'",
		    agent);
		fault(visit, "agents", text, fix, XN_EXIT_UNREACHABLE);
	}
	if (json_object_size(silent) == 0)
		fine(visit, "agents", "every agent of the site reports");
	json_decref(silent);
}

static void
check_racks(struct visit *visit)
{
	size_t i;
	json_t *rack;
	unsigned held = 0;
	char text[TEXT_SIZE], fix[TEXT_SIZE];

	json_array_foreach(visit->racks, i, rack)
	{
		const char *name = xn_field_text(rack, "name"), *why = xn_field_text(rack, "why");

		if (!json_is_true(json_object_get(rack, "hold")))
			continue;
		held++;
		snprintf(text, sizeof(text), "rack %s is on hold: %s", name, why);
		snprintf(fix, sizeof(fix),
		    "on that rack's agent: systemctl status xanh-agent; then 'xanh probe URL' of "
		    "the device "
		    "that is named; alarms: 'xanh alarm list'");
		fault(visit, "racks", text, fix, XN_EXIT_UNREACHABLE);
	}
	snprintf(text, sizeof(text), "%zu racks, none on hold", json_array_size(visit->racks));
	if (json_array_size(visit->racks) == 0)
		fault(visit, "racks", "the site has no racks",
		    "describe them: docs, 'xanh config check FILE'", XN_EXIT_INPUT);
	else if (held == 0)
		fine(visit, "racks", text);
}

static void
check_hosts(struct visit *visit)
{
	size_t i;
	json_t *host;
	unsigned down = 0;
	char text[TEXT_SIZE];

	json_array_foreach(visit->hosts, i, host)
	{
		if (strcmp(xn_field_text(host, "state"), "unreachable") != 0)
			continue;
		down++;
		snprintf(
		    text, sizeof(text), "host %s does not answer", xn_field_text(host, "name"));
		fault(visit, "hosts", text,
		    "on it: systemctl status libvirtd; from here: virsh -c URI list; xanhd's log "
		    "has "
		    "unit=virt lines with the cause",
		    XN_EXIT_UNREACHABLE);
	}
	snprintf(text, sizeof(text), "%zu hosts, all answer", json_array_size(visit->hosts));
	if (down == 0)
		fine(visit, "hosts", text);
}

static void
check_policy(struct visit *visit)
{
	struct xn_error err = {.code = XN_OK};
	json_t *policy = NULL;

	xn_client_get(visit->client, "/policy", &policy, &err);
	if (err.code == XN_OK)
		fine(visit, "policy", xn_field_text(policy, "name"));
	else
		fault(visit, "policy", err.text,
		    err.code == XN_ENOTFOUND ? "xanh policy apply FILE" : fix_of(err.code),
		    err.code == XN_ENOTFOUND ? XN_EXIT_INPUT : xn_exit_of(err.code));
	json_decref(policy);
}

static void
check_automation(struct visit *visit)
{
	const char *state = xn_field_text(visit->status, "automation.state");
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text), "automation %s %s", state,
	    xn_field_text(visit->status, "automation.why"));
	if (strcmp(state, "paused") == 0)
		fault(visit, "automation", text, "xanh resume", XN_EXIT_REFUSED);
	else if (strcmp(state, "hold") == 0)
		fault(visit, "automation", text, "mend what is named; it goes on by itself",
		    XN_EXIT_REFUSED);
	else
		fine(visit, "automation", text);
}

static void
check_alarms(struct visit *visit)
{
	size_t i;
	json_t *alarm;
	char text[TEXT_SIZE];
	unsigned critical = 0;

	json_array_foreach(visit->alarms, i, alarm)
	{
		if (strcmp(xn_field_text(alarm, "severity"), "critical") != 0)
			continue;
		critical++;
		snprintf(text, sizeof(text), "%s: %s", xn_field_text(alarm, "subject"),
		    xn_field_text(alarm, "text"));
		fault(visit, "alarms", text, "xanh alarm list; mend it, then xanh alarm ack ID",
		    XN_EXIT_UNREACHABLE);
	}
	if (critical == 0)
		fine(visit, "alarms", "no critical alarm");
}

static void
examine(struct visit *visit)
{
	if (!check_socket(visit) || !check_answer(visit))
		return;
	check_clock(visit);
	if (get(visit, "/devices", &visit->devices))
		check_agents(visit);
	if (get(visit, "/racks", &visit->racks))
		check_racks(visit);
	if (get(visit, "/hosts", &visit->hosts))
		check_hosts(visit);
	check_policy(visit);
	check_automation(visit);
	if (get(visit, "/alarms", &visit->alarms))
		check_alarms(visit);
}

/* ---- the report ---- */

static void
draw(const struct visit *visit)
{
	size_t i;
	json_t *finding;

	json_array_foreach(visit->findings, i, finding)
	{
		bool ok = json_is_true(json_object_get(finding, "ok"));

		printf("%s%-4s%s  %-10s  ", xn_paint(ok ? "ok" : "failed"), ok ? "ok" : "FAIL",
		    xn_paint_end(), xn_field_text(finding, "check"));
		xn_cell_print(finding, "text", XN_CELL_TEXT);
		putchar('\n');
		if (!ok) {
			fputs("      do: ", stdout);
			xn_cell_print(finding, "fix", XN_CELL_TEXT);
			putchar('\n');
		}
	}
}

static int
run(struct xn_cli *cli)
{
	struct visit visit = {.cli = cli, .code = XN_EXIT_OK};
	struct xn_error err = {.code = XN_OK};
	enum xn_format format;

	if (!xn_client_arguments(cli, 0, 0) || !xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (xn_client_open(cli, &visit.client, &err) != XN_OK)
		return xn_client_give_up(&err);
	visit.findings = json_array();
	examine(&visit);
	if (format == XN_FORMAT_TABLE)
		draw(&visit);
	else
		xn_table_json(visit.findings);
	json_decref(visit.status);
	json_decref(visit.racks);
	json_decref(visit.hosts);
	json_decref(visit.devices);
	json_decref(visit.alarms);
	json_decref(visit.findings);
	xn_client_close(visit.client);
	return visit.code;
}

const struct xn_cli_command xn_cli_doctor = {
    .noun = "doctor",
    .arguments = "",
    .summary = "find what is wrong between you, xanhd, the racks and the hosts, and what to do",
    .examples = "xanh doctor",
    .options = {XN_CLIENT_OPTIONS},
    .run = run,
};
