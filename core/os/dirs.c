#include "core/os/dirs.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

char *jig_dirs_home(void)
{
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/')
        return jig_xstrdup(home);
    struct passwd record;
    struct passwd *found = NULL;
    char space[4096];
    if (getpwuid_r(getuid(), &record, space, sizeof space, &found) == 0 && found != NULL &&
        found->pw_dir[0] == '/')
        return jig_xstrdup(found->pw_dir);
    return jig_xstrdup("/");
}

static char *xdg(const char *variable, const char *below_home)
{
    const char *value = getenv(variable);
    if (value != NULL && value[0] == '/')
        return jig_path_join(value, "jig");
    JIG_CLEANUP_FREE char *home = jig_dirs_home();
    JIG_CLEANUP_FREE char *base = jig_path_join(home, below_home);
    return jig_path_join(base, "jig");
}

char *jig_dirs_state(void)
{
    return xdg("XDG_STATE_HOME", ".local/state");
}

char *jig_dirs_cache(void)
{
    return xdg("XDG_CACHE_HOME", ".cache");
}

char *jig_dirs_config(void)
{
    return xdg("XDG_CONFIG_HOME", ".config");
}

enum jig_code jig_dirs_make_private(const char *path, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *parent = jig_path_dir(path);
    enum jig_code code = jig_fs_mkdirs(parent, 0755, reterr);
    if (code != JIG_OK)
        return code;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return jig_err_sys(reterr, errno, "cannot make the folder %s", path);
    struct stat st;
    if (lstat(path, &st) != 0)
        return jig_err_sys(reterr, errno, "cannot look at %s", path);
    if (!S_ISDIR(st.st_mode) || st.st_uid != getuid())
        return jig_err_set(reterr, JIG_PERMISSION_DENIED,
                           "%s is not a folder of your own; jig keeps its socket there", path);
    if ((st.st_mode & 077) != 0 && chmod(path, 0700) != 0)
        return jig_err_sys(reterr, errno, "cannot make %s private", path);
    return JIG_OK;
}
