/*
 * unit.h - what every unit test includes: cmocka with the headers it needs before it, and a folder
 * of the test's own.
 */
#ifndef JIG_TESTS_SUPPORT_UNIT_H
#define JIG_TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* For cmocka_unit_test_setup_teardown: *state is the path of a fresh folder, removed afterwards. */
static inline int unit_folder_setup(void **state)
{
    char path[] = "/tmp/jig-unit-XXXXXX";
    if (mkdtemp(path) == NULL)
        return -1;
    *state = __builtin_strdup(path);
    return 0;
}

int unit_folder_teardown(void **state); /* needs core/os; see unit_folder.c */

#endif
