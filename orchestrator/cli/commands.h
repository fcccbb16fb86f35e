/*
 * Commands of `xanh`: each is one table row, defined in the file of its noun and listed in main.c.
 */
#ifndef XN_CLI_COMMANDS_H
#define XN_CLI_COMMANDS_H

#include "common/cli.h"

extern const struct xn_cli_command xn_cli_report_export;
extern const struct xn_cli_command xn_cli_report_freeze;
extern const struct xn_cli_command xn_cli_report_file;
extern const struct xn_cli_command xn_cli_report_list;
extern const struct xn_cli_command xn_cli_report_verify;
extern const struct xn_cli_command xn_cli_report_bundle;
extern const struct xn_cli_command xn_cli_report_schedule;
extern const struct xn_cli_command xn_cli_ca_init;
extern const struct xn_cli_command xn_cli_ca_report;
extern const struct xn_cli_command xn_cli_agent_enrol;
extern const struct xn_cli_command xn_cli_probe;
extern const struct xn_cli_command xn_cli_device_check;
extern const struct xn_cli_command xn_cli_device_write;
extern const struct xn_cli_command xn_cli_profile_list;
extern const struct xn_cli_command xn_cli_profile_show;
extern const struct xn_cli_command xn_cli_profile_check;
extern const struct xn_cli_command xn_cli_profile_test;
extern const struct xn_cli_command xn_cli_profile_new;
extern const struct xn_cli_command xn_cli_config_check;
extern const struct xn_cli_command xn_cli_config_show;
extern const struct xn_cli_command xn_cli_metric;
extern const struct xn_cli_command xn_cli_metric_list;
extern const struct xn_cli_command xn_cli_metric_explain;
extern const struct xn_cli_command xn_cli_metric_check;
extern const struct xn_cli_command xn_cli_status;
extern const struct xn_cli_command xn_cli_rack_list;
extern const struct xn_cli_command xn_cli_host_list;
extern const struct xn_cli_command xn_cli_host_drain;
extern const struct xn_cli_command xn_cli_host_undrain;
extern const struct xn_cli_command xn_cli_vm_list;
extern const struct xn_cli_command xn_cli_vm_why;
extern const struct xn_cli_command xn_cli_plan;
extern const struct xn_cli_command xn_cli_plan_list;
extern const struct xn_cli_command xn_cli_plan_show;
extern const struct xn_cli_command xn_cli_plan_why;
extern const struct xn_cli_command xn_cli_plan_why_not;
extern const struct xn_cli_command xn_cli_plan_approve;
extern const struct xn_cli_command xn_cli_plan_apply;
extern const struct xn_cli_command xn_cli_plan_abort;
extern const struct xn_cli_command xn_cli_vm_energy;
extern const struct xn_cli_command xn_cli_tenant_energy;
extern const struct xn_cli_command xn_cli_meter_book;
extern const struct xn_cli_command xn_cli_energy_show;
extern const struct xn_cli_command xn_cli_energy_flow;
extern const struct xn_cli_command xn_cli_energy_balance;
extern const struct xn_cli_command xn_cli_energy_compare;
extern const struct xn_cli_command xn_cli_energy_coverage;
extern const struct xn_cli_command xn_cli_energy_corrections;
extern const struct xn_cli_command xn_cli_energy_fix;
extern const struct xn_cli_command xn_cli_energy_import;
extern const struct xn_cli_command xn_cli_forecast_show;
extern const struct xn_cli_command xn_cli_forecast_check;
extern const struct xn_cli_command xn_cli_policy_check;
extern const struct xn_cli_command xn_cli_policy_apply;
extern const struct xn_cli_command xn_cli_policy_show;
extern const struct xn_cli_command xn_cli_energy_plan_check;
extern const struct xn_cli_command xn_cli_energy_plan_show;
extern const struct xn_cli_command xn_cli_energy_plan_diff;
extern const struct xn_cli_command xn_cli_energy_plan_apply;
extern const struct xn_cli_command xn_cli_energy_plan_list;
extern const struct xn_cli_command xn_cli_energy_plan_cost;
extern const struct xn_cli_command xn_cli_energy_plan_gap;
extern const struct xn_cli_command xn_cli_alarm_list;
extern const struct xn_cli_command xn_cli_alarm_ack;
extern const struct xn_cli_command xn_cli_pause;
extern const struct xn_cli_command xn_cli_resume;
extern const struct xn_cli_command xn_cli_dashboard;
extern const struct xn_cli_command xn_cli_doctor;

#endif
