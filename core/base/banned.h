/*
 * banned.h - functions that no file of jig may call.
 *
 * Forced into every library and program by cmake/JigTargets.cmake. Each of these has a bounded,
 * fallible or child-process-safe counterpart in core/base or core/os: jig_buf and jig_str for
 * strings, core/os/proc for children, core/os/fs for temporary files.
 * (The idea is git's banned.h.)
 */
#ifndef JIG_BASE_BANNED_H
#define JIG_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JIG_BANNED(name) jig_sorry_##name##_is_banned

#undef strcpy
#define strcpy(...) JIG_BANNED(strcpy)
#undef strcat
#define strcat(...) JIG_BANNED(strcat)
#undef strncpy
#define strncpy(...) JIG_BANNED(strncpy)
#undef strncat
#define strncat(...) JIG_BANNED(strncat)
#undef sprintf
#define sprintf(...) JIG_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) JIG_BANNED(vsprintf)
#undef gets
#define gets(...) JIG_BANNED(gets)
#undef strtok
#define strtok(...) JIG_BANNED(strtok)
#undef system
#define system(...) JIG_BANNED(system)
#undef popen
#define popen(...) JIG_BANNED(popen)
#undef tmpnam
#define tmpnam(...) JIG_BANNED(tmpnam)
#undef tempnam
#define tempnam(...) JIG_BANNED(tempnam)
#undef mktemp
#define mktemp(...) JIG_BANNED(mktemp)
#undef atoi
#define atoi(...) JIG_BANNED(atoi)
#undef atol
#define atol(...) JIG_BANNED(atol)

#endif
