/*
 * curl_api.h - libcurl, loaded when it is first needed: with the libraries that it needs itself
 * that takes a good 3 ms, which a daemon that fetches nothing would pay at every start. Private to
 * core/fetch.
 *
 * After jig_curl_load() curl's functions are called by their own names. Whoever may be the first
 * calls it: jig_url_parse, and who holds a lane.
 *
 * Threads: any.
 */
#ifndef JIG_FETCH_CURL_API_H
#define JIG_FETCH_CURL_API_H

#define CURL_DISABLE_TYPECHECK /* it would name the functions themselves */
#include <curl/curl.h>

#include "core/base/err.h"

#define JIG_CURL_FUNCTIONS(F)                                                                      \
    F(curl_easy_cleanup)                                                                           \
    F(curl_easy_getinfo)                                                                           \
    F(curl_easy_header)                                                                            \
    F(curl_easy_init)                                                                              \
    F(curl_easy_reset)                                                                             \
    F(curl_easy_setopt)                                                                            \
    F(curl_easy_strerror)                                                                          \
    F(curl_free)                                                                                   \
    F(curl_global_init)                                                                            \
    F(curl_multi_add_handle)                                                                       \
    F(curl_multi_cleanup)                                                                          \
    F(curl_multi_info_read)                                                                        \
    F(curl_multi_init)                                                                             \
    F(curl_multi_perform)                                                                          \
    F(curl_multi_poll)                                                                             \
    F(curl_multi_remove_handle)                                                                    \
    F(curl_multi_setopt)                                                                           \
    F(curl_slist_append)                                                                           \
    F(curl_slist_free_all)                                                                         \
    F(curl_url)                                                                                    \
    F(curl_url_cleanup)                                                                            \
    F(curl_url_get)                                                                                \
    F(curl_url_set)

struct jig_curl {
#define JIG_CURL_MEMBER(name) __typeof__ (&(name))(name);
    JIG_CURL_FUNCTIONS(JIG_CURL_MEMBER)
#undef JIG_CURL_MEMBER
};

/* All NULL before it is loaded. */
extern struct jig_curl jig_curl;

enum jig_code jig_curl_load(struct jig_err *reterr) JIG_CHECKED;

#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt
#define curl_easy_cleanup        jig_curl.curl_easy_cleanup
#define curl_easy_getinfo        jig_curl.curl_easy_getinfo
#define curl_easy_header         jig_curl.curl_easy_header
#define curl_easy_init           jig_curl.curl_easy_init
#define curl_easy_reset          jig_curl.curl_easy_reset
#define curl_easy_setopt         jig_curl.curl_easy_setopt
#define curl_easy_strerror       jig_curl.curl_easy_strerror
#define curl_free                jig_curl.curl_free
#define curl_global_init         jig_curl.curl_global_init
#define curl_multi_add_handle    jig_curl.curl_multi_add_handle
#define curl_multi_cleanup       jig_curl.curl_multi_cleanup
#define curl_multi_info_read     jig_curl.curl_multi_info_read
#define curl_multi_init          jig_curl.curl_multi_init
#define curl_multi_perform       jig_curl.curl_multi_perform
#define curl_multi_poll          jig_curl.curl_multi_poll
#define curl_multi_remove_handle jig_curl.curl_multi_remove_handle
#define curl_multi_setopt        jig_curl.curl_multi_setopt
#define curl_slist_append        jig_curl.curl_slist_append
#define curl_slist_free_all      jig_curl.curl_slist_free_all
#define curl_url                 jig_curl.curl_url
#define curl_url_cleanup         jig_curl.curl_url_cleanup
#define curl_url_get             jig_curl.curl_url_get
#define curl_url_set             jig_curl.curl_url_set

#endif
