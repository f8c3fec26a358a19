/*
 * library.h - one Arduino library: its folder, its properties, its sources.
 *
 *   recursive   LIB/library.properties and LIB/src: all below src is compiled, src is the include
 * path flat        the files in LIB and in LIB/utility; LIB is the include path, and LIB/utility
 * for the library's own files alone legacy      flat without library.properties; a header in LIB
 * makes it a library project     a PlatformIO library under a project's lib/ without
 * library.properties: all below src (or below LIB but for examples and tests) is compiled; include/
 * is an include path too; library.json gives name, version, build.srcDir and build.includeDir
 *
 * A library may have a *twin*: another folder that holds files of it, at the same places. What is
 * in the library's own folder comes first; what is not there is taken from the twin, as if it stood
 * there. Each folder that both have is in the include path twice, the twin's behind its own.
 *
 * Source: the Arduino library specification; arduino-cli 1.0.4 for what is lenient (a missing name
 * is "-", missing architectures are "*"); PlatformIO's "library.json" and "Library structure".
 *
 * Ceilings: 1 MiB for library.properties and library.json.
 * Threads: a library does not change once loaded; any number may read it.
 */
#ifndef JIG_ARDUINO_LIBRARY_H
#define JIG_ARDUINO_LIBRARY_H

#include <stdbool.h>

#include "core/arduino/props.h"
#include "core/arduino/readlog.h"
#include "core/arduino/sources.h"
#include "core/base/err.h"
#include "core/base/strv.h"

/* Where it was found, from the weakest claim to the strongest; see libindex.h. */
enum jig_library_location {
    JIG_LIBRARY_BUILTIN,    /* the IDE's */
    JIG_LIBRARY_REFERENCED, /* of the platform that a board's core comes from */
    JIG_LIBRARY_PLATFORM,   /* of the board's platform */
    JIG_LIBRARY_USER,       /* the sketchbook's libraries/, lib_extra_dirs */
    JIG_LIBRARY_PROJECT,    /* the project's own: lib/, --library */
};

enum jig_library_layout { JIG_LAYOUT_FLAT, JIG_LAYOUT_RECURSIVE, JIG_LAYOUT_PROJECT };

struct jig_library {
    char *name;     /* as stated, else the folder's */
    char *dir_name; /* the folder's; objects go below libraries/DIR_NAME/ */
    char *path;
    char *source_dir;
    char *utility_dir; /* NULL when there is none */
    char *include_dir; /* a second include path of a project library; NULL when there is none */
    char *twin;        /* NULL when there is none, as with the three that follow; the twins' own */
    char *twin_source_dir;
    char *twin_utility_dir;
    char *twin_include_dir;
    char *src_filter; /* library.json's, in PlatformIO's words; NULL when there is none */
    char *flags;      /* library.json's build.flags, for its own files; NULL when there are none */
    char *version;    /* "" when it states none */
    char *ldflags;
    enum jig_library_location location;
    enum jig_library_layout layout;
    bool legacy; /* it has no library.properties */
    bool named;  /* it states its name */
    bool dot_a_linkage;
    bool precompiled;
    bool precompiled_full;         /* its sources are not compiled when the archive is there */
    struct jig_strv architectures; /* "*" when it states none */
    struct jig_strv includes;      /* what an IDE would insert */
    struct jig_strv depends;       /* names of libraries; not used to build */
    struct jig_strv headers;       /* the header files in source_dir (and include_dir) */
    struct jig_props *props;       /* library.properties; empty for others */
};

/* NOT_FOUND when the folder is no library, INVALID_ARGUMENT when library.properties is damaged
 * (names file and line). What is read goes through `log`. `twin` may be NULL. */
enum jig_code jig_library_load(const char *path, const char *twin,
                               enum jig_library_location location, struct jig_readlog *log,
                               struct jig_library **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_library_free(struct jig_library *lib);

/* The text of library.properties into the library's fields; for jig_library_load and its fuzzer. */
enum jig_code jig_library_parse(struct jig_library *lib, const char *name, const char *text,
                                size_t n, struct jig_err *reterr) JIG_CHECKED;

bool jig_library_fits(const struct jig_library *lib, const char *arch); /* lists it, or "*" */

/* "name@version", or its name. The caller frees. */
char *jig_library_label(const struct jig_library *lib);

/* Its source files in walk order (for discovery) or in link order; object names are relative to the
 * library's own build folder. `log` may be NULL. */
enum jig_code jig_library_sources(const struct jig_library *lib, bool link_order,
                                  struct jig_readlog *log, struct jig_sources *out,
                                  struct jig_err *reterr) JIG_CHECKED;

/* What every file of the build sees of it: source_dir, include_dir, and their twins. */
void jig_library_include_dirs(const struct jig_library *lib, struct jig_strv *out);

/*
 * What a precompiled library adds to the link; nothing (with `dir` NULL) when it has no archive for
 * this board, and then it is compiled from its sources.
 */
struct jig_precompiled {
    char *dir;               /* source_dir/MCU[/FPU-FLOATABI], or its twin */
    struct jig_strv ldflags; /* -L, the library's ldflags, -l: for compiler.libraries.ldflags */
    struct jig_strv objects; /* archives whose name does not start with "lib" */
    bool sources_too;        /* compile its sources as well */
};

/* `props` are a build's (jig_build_props); reads build.mcu and recipe.cpp.o.pattern. */
enum jig_code jig_library_precompiled(const struct jig_library *lib, const struct jig_props *props,
                                      struct jig_readlog *log, struct jig_precompiled *ret,
                                      struct jig_err *reterr) JIG_CHECKED;
void jig_precompiled_release(struct jig_precompiled *p);

#endif
