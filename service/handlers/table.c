/* Every method of every service: a new one is a line here. jigd does not start while one is
 * missing. */
#include "core/base/mem.h"
#include "service/handlers/handlers.h"
#include "service/wire/messages.h"

#define BUILD     &jig__v1__build_service__descriptor
#define CACHE     &jig__v1__cache_service__descriptor
#define DAEMON    &jig__v1__daemon_service__descriptor
#define DEPLOY    &jig__v1__deploy_service__descriptor
#define DEVICE    &jig__v1__device_service__descriptor
#define LNK       &jig__v1__lnk_service__descriptor
#define OPERATION &jig__v1__operation_service__descriptor
#define PACKAGE   &jig__v1__package_service__descriptor
#define READS     JIG_METHOD_READS
#define MUTATES   JIG_METHOD_MUTATES

const ProtobufCServiceDescriptor *const jig_services[] = {BUILD,  CACHE, DAEMON,    DEPLOY,
                                                          DEVICE, LNK,   OPERATION, PACKAGE};
const size_t jig_service_count = JIG_COUNT(jig_services);

const struct jig_method_row jig_method_rows[] = {
    {BUILD, "GetProject", jig_handle_project_get, READS},
    {BUILD, "StartBuild", jig_handle_build_start, MUTATES},
    {CACHE, "GetCacheStats", jig_handle_cache_stats, READS},
    {CACHE, "SetPin", jig_handle_cache_pin, MUTATES},
    {CACHE, "StartCollection", jig_handle_cache_collect, MUTATES},
    {CACHE, "StartVerification", jig_handle_cache_verify, MUTATES},
    {DEPLOY, "StartDeploy", jig_handle_deploy_start, MUTATES},
    {DAEMON, "GetDescriptors", jig_handle_daemon_descriptors, READS},
    {DAEMON, "GetLogs", jig_handle_daemon_logs, READS},
    {DAEMON, "GetStats", jig_handle_daemon_stats, READS},
    {DAEMON, "GetStatus", jig_handle_daemon_status, READS},
    {DAEMON, "Shutdown", jig_handle_daemon_shutdown, MUTATES},
    {DEVICE, "CloseMonitor", jig_handle_monitor_close, MUTATES},
    {DEVICE, "GetDevice", jig_handle_device_get, READS},
    {DEVICE, "ListDevices", jig_handle_device_list, READS},
    {DEVICE, "OpenMonitor", jig_handle_monitor_open, MUTATES},
    {DEVICE, "ReadMonitor", jig_handle_monitor_read, READS},
    {DEVICE, "WatchDevices", jig_handle_device_watch, READS},
    {DEVICE, "WriteMonitor", jig_handle_monitor_write, MUTATES},
    {LNK, "StartAdd", jig_handle_lnk_add, MUTATES},
    {LNK, "StartCheck", jig_handle_lnk_check, MUTATES},
    {LNK, "StartPull", jig_handle_lnk_pull, MUTATES},
    {OPERATION, "CancelOperation", jig_handle_operation_cancel, MUTATES},
    {OPERATION, "GetOperation", jig_handle_operation_get, READS},
    {OPERATION, "ListOperations", jig_handle_operation_list, READS},
    {OPERATION, "WatchOperation", jig_handle_operation_watch, READS},
    {PACKAGE, "ListPackages", jig_handle_package_list, READS},
    {PACKAGE, "StartInstallPackages", jig_handle_package_install, MUTATES},
    {PACKAGE, "StartRemovePackages", jig_handle_package_remove, MUTATES},
    {PACKAGE, "StartSyncPackages", jig_handle_package_sync, MUTATES},
    {PACKAGE, "StartUpdateIndexes", jig_handle_package_update, MUTATES},
};
const size_t jig_method_row_count = JIG_COUNT(jig_method_rows);
