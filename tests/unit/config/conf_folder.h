/* A temporary folder with configuration files, gone after the test. */
#ifndef AUTOPROV_TESTS_CONF_FOLDER_H
#define AUTOPROV_TESTS_CONF_FOLDER_H

#include "autoprov/config.h"

/* Long enough for the folder and a file's name. */
#define CONF_PATH_MAX 128

struct conf_folder {
    char path[CONF_PATH_MAX];
    char main_file[CONF_PATH_MAX]; /* path/autoprovd.conf; written by conf_write() */
};

/* A listener that lacks nothing. */
#define CONF_LISTENER                                                                              \
    "listener \"phones\" {\n"                                                                      \
    "    public_url = \"https://pbx.example.com\"\n"                                               \
    "    certificate \"main\" {\n"                                                                 \
    "        certificate_file = \"/etc/a.pem\"\n"                                                  \
    "        key_file = \"/etc/a.key\"\n"                                                          \
    "    }\n"                                                                                      \
    "}\n"

/* cmocka set-up and tear-down: *state is a struct conf_folder. */
int conf_folder_setup(void **state);
int conf_folder_teardown(void **state);

/* name: "autoprovd.conf" or "conf.d/10-x.conf"; conf.d is made when needed. */
void conf_write(const struct conf_folder *folder, const char *name, const char *text);

/* Load the main file; the test fails with the message when that fails. */
struct config *conf_must_load(const struct conf_folder *folder);

#endif
