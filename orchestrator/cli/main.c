#include "orchestrator/cli/commands.h"

#include <signal.h>
#include <stddef.h>

/* One line per command, in the order in which `xanh --help` shows them; each is declared in
 * commands.h and defined in the file of its noun. */
static const struct xn_cli_command *const commands[] = {
    /* the running site */
    &xn_cli_status,
    &xn_cli_rack_list,
    &xn_cli_host_list,
    &xn_cli_host_drain,
    &xn_cli_host_undrain,
    &xn_cli_vm_list,
    &xn_cli_vm_why,
    &xn_cli_plan,
    &xn_cli_plan_list,
    &xn_cli_plan_show,
    &xn_cli_plan_why,
    &xn_cli_plan_why_not,
    &xn_cli_plan_approve,
    &xn_cli_plan_apply,
    &xn_cli_plan_abort,
    &xn_cli_policy_check,
    &xn_cli_policy_apply,
    &xn_cli_policy_show,
    &xn_cli_energy_plan_check,
    &xn_cli_energy_plan_show,
    &xn_cli_energy_plan_diff,
    &xn_cli_energy_plan_list,
    &xn_cli_energy_plan_apply,
    &xn_cli_energy_plan_cost,
    &xn_cli_energy_plan_gap,
    &xn_cli_alarm_list,
    &xn_cli_alarm_ack,
    &xn_cli_pause,
    &xn_cli_resume,
    &xn_cli_dashboard,
    &xn_cli_doctor,
    /* energy */
    &xn_cli_energy_show,
    &xn_cli_energy_flow,
    &xn_cli_energy_balance,
    &xn_cli_energy_compare,
    &xn_cli_energy_coverage,
    &xn_cli_energy_corrections,
    &xn_cli_energy_fix,
    &xn_cli_energy_import,
    &xn_cli_metric,
    &xn_cli_metric_list,
    &xn_cli_metric_explain,
    &xn_cli_forecast_show,
    &xn_cli_forecast_check,
    &xn_cli_meter_book,
    &xn_cli_tenant_energy,
    &xn_cli_vm_energy,
    /* reports */
    &xn_cli_report_export,
    &xn_cli_report_freeze,
    &xn_cli_report_file,
    &xn_cli_report_list,
    &xn_cli_report_verify,
    &xn_cli_report_bundle,
    &xn_cli_report_schedule,
    /* devices */
    &xn_cli_probe,
    &xn_cli_device_check,
    &xn_cli_device_write,
    &xn_cli_profile_list,
    &xn_cli_profile_show,
    &xn_cli_profile_check,
    &xn_cli_profile_test,
    &xn_cli_profile_new,
    /* files */
    &xn_cli_config_check,
    &xn_cli_config_show,
    &xn_cli_metric_check,
    /* certificates */
    &xn_cli_ca_init,
    &xn_cli_ca_report,
    &xn_cli_agent_enrol,
    NULL,
};

int
main(int argc, char **argv)
{
	/* A reader that went away (`xanh vm list | head`) is seen where we write, not as a signal.
	 */
	signal(SIGPIPE, SIG_IGN);
	return xn_cli_run("xanh", commands, argc, argv);
}
