/*
 * dirs.h - where jig keeps things, by the XDG base directory rules.
 *
 *   state    $XDG_STATE_HOME/jig    or ~/.local/state/jig     what must survive
 *   cache    $XDG_CACHE_HOME/jig    or ~/.cache/jig           safe to delete at any time
 *   config   $XDG_CONFIG_HOME/jig   or ~/.config/jig          jigd.conf
 *   runtime  $XDG_RUNTIME_DIR/jig   or /tmp/jig-<uid>         the socket; mode 0700, ours alone
 *
 * Relative XDG values are ignored, as the specification asks. Every path is absolute; the caller
 * frees it. Source: specifications.freedesktop.org/basedir-spec 0.8
 */
#ifndef JIG_OS_DIRS_H
#define JIG_OS_DIRS_H

#include "core/base/err.h"

char *jig_dirs_home(void); /* $HOME, else the password database's, else "/" */
char *jig_dirs_state(void);
char *jig_dirs_cache(void);
char *jig_dirs_config(void);
char *jig_dirs_runtime(void);

/* Makes the runtime folder with mode 0700. PERMISSION_DENIED when what stands there is a link, is
 * not a folder, belongs to somebody else or is open to others: /tmp is everybody's. */
enum jig_code jig_dirs_make_private(const char *path, struct jig_err *reterr) JIG_CHECKED;

#endif
