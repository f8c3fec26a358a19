/*
 * report.h - results, for a person: what was built, how much of the board it takes, where it went.
 */
#ifndef JIG_CLI_REPORT_H
#define JIG_CLI_REPORT_H

#include "client/cli/view.h"

void cli_report_builds(struct cli_view *view, const struct jig_build_results *builds);
void cli_report_lnk(struct cli_view *view, const struct jig_lnk_result *lnk);
void cli_report_deploy(struct cli_view *view, const struct jig_deploy_result *deploy);

/* The operation's result, whatever it is, as text or as the JSON result line. */
void cli_report_operation(struct cli_view *view, const struct jig_operation *operation);

/* Of work on the disk cache: report_cache.c. */
void cli_report_cache(struct cli_view *view, const struct jig_cache_result *r);

#endif
