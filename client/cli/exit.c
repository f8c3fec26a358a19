#include "client/cli/exit.h"

#include <stddef.h>

static const struct {
    enum jig_cause cause;
    enum cli_exit exit;
} by_cause[] = {
    {JIG_CAUSE_USAGE, CLI_EXIT_USAGE},
    {JIG_CAUSE_BAD_PROJECT, CLI_EXIT_BAD_PROJECT},
    {JIG_CAUSE_BUSY, CLI_EXIT_BUSY},
    {JIG_CAUSE_BUILD_FAILED, CLI_EXIT_BUILD_FAILED},
    {JIG_CAUSE_DEPLOY_FAILED, CLI_EXIT_DEPLOY_FAILED},
    {JIG_CAUSE_INTEGRITY, CLI_EXIT_INTEGRITY},
    {JIG_CAUSE_NEEDS_ENV, CLI_EXIT_BAD_PROJECT},
    {JIG_CAUSE_TEST_FAILED, CLI_EXIT_TEST_FAILED},
    {JIG_CAUSE_UNREACHABLE, CLI_EXIT_UNREACHABLE},
    {JIG_CAUSE_VERSION, CLI_EXIT_UNREACHABLE},
};

static const struct {
    enum jig_status status;
    enum cli_exit exit;
} by_status[] = {
    {JIG_STATUS_OK, CLI_EXIT_DONE},
    {JIG_STATUS_CANCELLED, CLI_EXIT_INTERRUPTED},
    {JIG_STATUS_INVALID_ARGUMENT, CLI_EXIT_USAGE},
    {JIG_STATUS_OUT_OF_RANGE, CLI_EXIT_USAGE},
    {JIG_STATUS_NOT_FOUND, CLI_EXIT_NOT_FOUND},
    {JIG_STATUS_UNAVAILABLE, CLI_EXIT_UNREACHABLE},
    {JIG_STATUS_PERMISSION_DENIED, CLI_EXIT_NOT_ALLOWED},
    {JIG_STATUS_UNAUTHENTICATED, CLI_EXIT_NOT_ALLOWED},
    {JIG_STATUS_DEADLINE_EXCEEDED, CLI_EXIT_TIMED_OUT},
    {JIG_STATUS_DATA_LOSS, CLI_EXIT_INTEGRITY},
};

enum cli_exit cli_exit_of(enum jig_status status, enum jig_cause cause)
{
    if (status == JIG_STATUS_CANCELLED)
        return CLI_EXIT_INTERRUPTED; /* whatever it broke off */
    for (size_t i = 0; i < sizeof by_cause / sizeof by_cause[0]; i++) {
        if (by_cause[i].cause == cause)
            return by_cause[i].exit;
    }
    for (size_t i = 0; i < sizeof by_status / sizeof by_status[0]; i++) {
        if (by_status[i].status == status)
            return by_status[i].exit;
    }
    return CLI_EXIT_OTHER;
}
