/* What tests of the catalogue stand on: a temporary folder with "shipped" and "custom" in it, and
 * small vendor files. */
#ifndef AUTOPROV_TESTS_CATALOGUE_FIXTURE_H
#define AUTOPROV_TESTS_CATALOGUE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/catalogue.h"

#define CATALOGUE_FIXTURE_PATH_MAX 128

struct catalogue_fixture {
    char folder[64];
    char shipped[CATALOGUE_FIXTURE_PATH_MAX];
    char custom[CATALOGUE_FIXTURE_PATH_MAX];
};

/* cmocka's: *state is a struct catalogue_fixture. "custom" is made by the first file in it. */
int catalogue_fixture_setup(void **state);
int catalogue_fixture_teardown(void **state);

/* name: "shipped/yealink.json". */
void catalogue_fixture_write(const struct catalogue_fixture *fixture, const char *name,
                             const char *text);

/* The same with the content of the file at path. */
void catalogue_fixture_copy(const struct catalogue_fixture *fixture, const char *name,
                            const char *path);

/* A whole vendor file of these lists of models and files (JSON without brackets), and further
 * members ("\"ouis\": [], ", or ""). */
void catalogue_fixture_vendor(const struct catalogue_fixture *fixture, const char *name,
                              const char *models, const char *files, const char *more);

/* Must succeed. */
struct catalogue *catalogue_fixture_load(const struct catalogue_fixture *fixture);

#endif
