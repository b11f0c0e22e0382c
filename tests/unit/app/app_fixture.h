/* What tests of app/ stand on: a temporary folder with certificate, templates and configuration,
 * a database in it, a clock that stands still, and the log in memory. */
#ifndef AUTOPROV_TESTS_APP_FIXTURE_H
#define AUTOPROV_TESTS_APP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/config.h"
#include "autoprov/store.h"
#include "autoprov/store_object.h"
#include "autoprov/store_writer.h"

#define FIXTURE_NOW_S    INT64_C(1700000040)
#define FIXTURE_PATH_MAX 160

struct app_fixture {
    char folder[64];
    char db_path[FIXTURE_PATH_MAX];
    char config_path[FIXTURE_PATH_MAX];
    struct ap_clock clock;
    _Atomic int64_t wall_s;
    _Atomic int64_t monotonic_ms;
    struct vault *vault;
    struct store_writer *writer; /* after fixture_start_store() */
    struct store_db *reader;
    char log[65536]; /* lines since the start, each with its '\n' */
    size_t log_len;
};

/* cmocka's: *state is a struct app_fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* "FOLDER/name" in a buffer of the caller. */
void fixture_path(const struct app_fixture *fixture, const char *name,
                  char ret_path[static FIXTURE_PATH_MAX]);
void fixture_write(const struct app_fixture *fixture, const char *name, const char *text);
void fixture_make_folder(const struct app_fixture *fixture, const char *name);

/* Vendors acme, flatty, generic, latin and silent with their templates, and some time zones
 * (vendor_fixture.c). */
void fixture_write_vendors(const struct app_fixture *fixture);

/* Certificate and key, the vendors, and a configuration that names them and ends with more, in
 * which FOLDER stands for the fixture's. */
void fixture_write_config(struct app_fixture *fixture, const char *more);
struct config *fixture_load_config(struct app_fixture *fixture);

/* An empty database with its writer thread and a reader. */
void fixture_start_store(struct app_fixture *fixture);
/* The same with the database that is there. */
void fixture_restart_store(struct app_fixture *fixture);
/* Everything queued is in the database afterwards. */
void fixture_stop_store(struct app_fixture *fixture);

/* First column of the first row, without the writer running. */
int64_t fixture_number(struct app_fixture *fixture, const char *sql);

#endif
