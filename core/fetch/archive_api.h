/*
 * archive_api.h - libarchive, loaded when it is first needed, as curl_api.h does it with libcurl;
 * the libraries that it needs itself take more than a millisecond. Private to core/fetch.
 *
 * After jig_libarchive_load() its functions are called by their own names.
 *
 * Threads: any.
 */
#ifndef JIG_FETCH_ARCHIVE_API_H
#define JIG_FETCH_ARCHIVE_API_H

#include <archive.h>
#include <archive_entry.h>

#include "core/base/err.h"

#define JIG_LIBARCHIVE_FUNCTIONS(F)                                                                \
    F(archive_entry_filetype)                                                                      \
    F(archive_entry_hardlink)                                                                      \
    F(archive_entry_hardlink_utf8)                                                                 \
    F(archive_entry_is_encrypted)                                                                  \
    F(archive_entry_mtime)                                                                         \
    F(archive_entry_mtime_is_set)                                                                  \
    F(archive_entry_mtime_nsec)                                                                    \
    F(archive_entry_pathname)                                                                      \
    F(archive_entry_pathname_utf8)                                                                 \
    F(archive_entry_perm)                                                                          \
    F(archive_entry_size)                                                                          \
    F(archive_entry_size_is_set)                                                                   \
    F(archive_entry_symlink)                                                                       \
    F(archive_entry_symlink_utf8)                                                                  \
    F(archive_error_string)                                                                        \
    F(archive_filter_bytes)                                                                        \
    F(archive_read_data_block)                                                                     \
    F(archive_read_free)                                                                           \
    F(archive_read_new)                                                                            \
    F(archive_read_next_header)                                                                    \
    F(archive_read_open_filename)                                                                  \
    F(archive_read_support_filter_bzip2)                                                           \
    F(archive_read_support_filter_gzip)                                                            \
    F(archive_read_support_filter_xz)                                                              \
    F(archive_read_support_filter_zstd)                                                            \
    F(archive_read_support_format_tar)                                                             \
    F(archive_read_support_format_zip_seekable)

struct jig_libarchive {
#define JIG_LIBARCHIVE_MEMBER(name) __typeof__ (&(name))(name);
    JIG_LIBARCHIVE_FUNCTIONS(JIG_LIBARCHIVE_MEMBER)
#undef JIG_LIBARCHIVE_MEMBER
};

/* All NULL before it is loaded. */
extern struct jig_libarchive jig_libarchive;

enum jig_code jig_libarchive_load(struct jig_err *reterr) JIG_CHECKED;

#define archive_entry_filetype            jig_libarchive.archive_entry_filetype
#define archive_entry_hardlink            jig_libarchive.archive_entry_hardlink
#define archive_entry_hardlink_utf8       jig_libarchive.archive_entry_hardlink_utf8
#define archive_entry_is_encrypted        jig_libarchive.archive_entry_is_encrypted
#define archive_entry_mtime               jig_libarchive.archive_entry_mtime
#define archive_entry_mtime_is_set        jig_libarchive.archive_entry_mtime_is_set
#define archive_entry_mtime_nsec          jig_libarchive.archive_entry_mtime_nsec
#define archive_entry_pathname            jig_libarchive.archive_entry_pathname
#define archive_entry_pathname_utf8       jig_libarchive.archive_entry_pathname_utf8
#define archive_entry_perm                jig_libarchive.archive_entry_perm
#define archive_entry_size                jig_libarchive.archive_entry_size
#define archive_entry_size_is_set         jig_libarchive.archive_entry_size_is_set
#define archive_entry_symlink             jig_libarchive.archive_entry_symlink
#define archive_entry_symlink_utf8        jig_libarchive.archive_entry_symlink_utf8
#define archive_error_string              jig_libarchive.archive_error_string
#define archive_filter_bytes              jig_libarchive.archive_filter_bytes
#define archive_read_data_block           jig_libarchive.archive_read_data_block
#define archive_read_free                 jig_libarchive.archive_read_free
#define archive_read_new                  jig_libarchive.archive_read_new
#define archive_read_next_header          jig_libarchive.archive_read_next_header
#define archive_read_open_filename        jig_libarchive.archive_read_open_filename
#define archive_read_support_filter_bzip2 jig_libarchive.archive_read_support_filter_bzip2
#define archive_read_support_filter_gzip  jig_libarchive.archive_read_support_filter_gzip
#define archive_read_support_filter_xz    jig_libarchive.archive_read_support_filter_xz
#define archive_read_support_filter_zstd  jig_libarchive.archive_read_support_filter_zstd
#define archive_read_support_format_tar   jig_libarchive.archive_read_support_format_tar
#define archive_read_support_format_zip_seekable                                                   \
    jig_libarchive.archive_read_support_format_zip_seekable

#endif
