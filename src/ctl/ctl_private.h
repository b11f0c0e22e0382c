/* What the files of the control tool share. */
#ifndef AUTOPROV_CTL_PRIVATE_H
#define AUTOPROV_CTL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/secret.h"

/* Exit codes: documented in --help and docs/operations.md, tested. */
enum ctl_exit {
    CTL_OK = 0,
    CTL_FAILED = 1, /* anything else */
    CTL_USAGE = 2,
    CTL_NOT_FOUND = 3,
    CTL_EXISTS = 4,
    CTL_INVALID = 5,
    CTL_UNREACHABLE = 6, /* no daemon answers */
    CTL_NOT_PERMITTED = 7,
};

#define CTL_POSITIONALS_MAX 32
#define CTL_OPTIONS_MAX     16

/* An option of one command; value NULL: a switch. */
struct ctl_option {
    const char *name;  /* without "--" */
    const char *value; /* what --help calls it */
    const char *help;
};

struct ctl_args {
    const char *positionals[CTL_POSITIONALS_MAX];
    size_t positional_count;
    const char *names[CTL_OPTIONS_MAX];
    const char *values[CTL_OPTIONS_MAX]; /* "" for a switch */
    size_t option_count;
    const char *config_path; /* --config */
    bool config_given;
    const char *socket_path; /* --socket; NULL: from the configuration */
    bool json;               /* --json */
};

struct ctl_command {
    const char *noun;        /* "user", or a command of one word: "status" */
    const char *verb;        /* NULL for those */
    const char *positionals; /* as in the usage line: "NAME" */
    size_t min_positionals, max_positionals;
    const struct ctl_option *options; /* ends with a row without name; NULL: none */
    const char *help;
    int (*run)(const struct ctl_args *args); /* returns enum ctl_exit */
};

/* -- command.c ------------------------------------------------------------------------------------
 */

/* Ends with a row without noun. Of a noun that is a command of one word and has verbs too, that
 * word's row comes first. */
extern const struct ctl_command CTL_COMMANDS[];

/* -- help.c ---------------------------------------------------------------------------------------
 */

void ctl_print_help(void);
void ctl_print_command_help(const struct ctl_command *command);

/* -- args.c
 * ---------------------------------------------------------------------------------------- */

/* Find the command and its arguments; options may stand anywhere.
 * Returns CTL_OK with *ret_command, NULL when help or the version was printed; else CTL_USAGE, with
 * a line on standard error. */
int ctl_args_parse(int argc, char **argv, struct ctl_args *ret_args,
                   const struct ctl_command **ret_command);

/* The command of a noun and a verb (NULL: none); NULL: there is none. */
const struct ctl_command *ctl_find_command(const char *noun, const char *verb);

/* Value of an option; NULL: not given. */
const char *ctl_arg(const struct ctl_args *args, const char *name);

/* -- guess.c
 * -------------------------------------------------------------------------------------- */

struct ctl_guess {
    const char *word;
    size_t len;
    const char *best; /* the nearest of those offered, if near enough; else NULL */
    size_t distance;
};
void ctl_guess_offer(struct ctl_guess *guess, const char *candidate);

/* -- client.c
 * -------------------------------------------------------------------------------------- */

/* Call the daemon. body: taken over; NULL: none. path: below /api/v1, already percent-encoded.
 * Prints the problem and returns its exit code, or CTL_OK with *ret_json (owned; NULL for an empty
 * answer). */
int ctl_call(const struct ctl_args *args, const char *method, const char *path, json_t *body,
             json_t **ret_json);

/* The same with a piece of CSV text for a body. */
int ctl_call_csv(const struct ctl_args *args, const char *method, const char *path,
                 const char *data, size_t len, json_t **ret_json);

/* The control socket's path, for commands of many calls: args.socket_path spares each the look into
 * the configuration. */
#define CTL_SOCKET_PATH_MAX 256
int ctl_find_socket(const struct ctl_args *args, char *out, size_t room);

/* fmt with argument, percent-encoded, in the place of "{}". NULL: no memory, or longer than a
 * request may be. Free with free(). */
char *ctl_path(const char *fmt, const char *argument);

/* path with "name=value" in its query, percent-encoded; path itself without a value. path is taken
 * over. NULL: no memory, or path was NULL. */
char *ctl_path_query(char *path, const char *name, const char *value);

/* All pages of a list: {"items": […]}. */
int ctl_call_list(const struct ctl_args *args, const char *path, json_t **ret_items);

/* -- output.c
 * -------------------------------------------------------------------------------------- */

struct ctl_column {
    const char *key; /* member of the JSON object */
    const char *header;
};

/* "autoprovctl: …" on standard error; returns code. */
int ctl_fail(int code, const char *fmt, ...) AP_PRINTF(2, 3);
/* The exit code of an error from the floors. */
int ctl_exit_of(int err);

/* The command's last word: code, or CTL_FAILED with a line when standard output took not all. */
int ctl_finish(int code);

void ctl_print_json(const json_t *json);
/* A table of columns (ends with a row without key), or JSON with --json. */
void ctl_print_table(const struct ctl_args *args, const json_t *items,
                     const struct ctl_column *columns);
/* "Header: value" lines of one object, or JSON with --json. */
void ctl_print_object(const struct ctl_args *args, const json_t *object,
                      const struct ctl_column *columns);

/* -- call_object.c
 * --------------------------------------------------------------------------------- */

/* Get PATH with the first positional in its hole, and print the object. */
int ctl_show(const struct ctl_args *args, const char *path, const struct ctl_column *columns);

/* Print all pages of PATH as a table; with --user, of path_of_user (NULL: the noun has none) with
 * the name in its hole. */
int ctl_list(const struct ctl_args *args, const char *path, const char *path_of_user,
             const struct ctl_column *columns);

/* Ask unless --yes was given, then delete. what: "user"; more: what else goes, or "". */
int ctl_delete(const struct ctl_args *args, const char *path, const char *what, const char *more);

/* Ask on the terminal; CTL_OK, or CTL_USAGE with a line (no terminal: --yes is needed). */
int ctl_confirm(const char *fmt, ...) AP_PRINTF(1, 2);

/* -- secrets
 * --------------------------------------------------------------------------------------- */

/* Read the secret that --NAME names (a file, or - for standard input) and add it to body as member.
 * Not given: nothing, unless required. Returns an exit code. */
int ctl_add_secret(const struct ctl_args *args, const char *option, const char *member,
                   bool required, json_t *body);

/* Add an option's value to body as a string member; not given: nothing. */
int ctl_add_string(const struct ctl_args *args, const char *option, const char *member,
                   json_t *body);
/* The same as a number. */
int ctl_add_number(const struct ctl_args *args, const char *option, const char *member,
                   json_t *body);

/* -- command_phone.c
 * --------------------------------------------------------------------------------- */

/* The phone's URL that --base and --phone ask for, borrowed from *ret_result (owned, NULL on
 * failure). Returns an exit code. */
int ctl_get_phone_url(const struct ctl_args *args, json_t **ret_result, const char **ret_url);

/* Add --networks, with commas between, as a list; "": none. */
int ctl_add_networks(const struct ctl_args *args, json_t *body);

/* Add --lines, with commas between, as a list. Returns an exit code. */
int ctl_add_lines(const struct ctl_args *args, json_t *body);
/* Add --for, the time that an enrolment window is open. Returns an exit code. */
int ctl_add_window(const struct ctl_args *args, json_t *body);
/* Say on standard error which of its lines the phone's model has no place for. */
void ctl_print_unused(const json_t *phone);

/* Add the options about a phone's HTTP credentials. Returns an exit code. */
int ctl_add_auth(const struct ctl_args *args, json_t *body);
/* Print the password that the daemon has made for the phone, if it has. */
void ctl_print_made(const json_t *phone);

/* -- commands
 * -------------------------------------------------------------------------------------- */
int ctl_init(const struct ctl_args *args);
int ctl_status(const struct ctl_args *args);
int ctl_reload(const struct ctl_args *args);
int ctl_config_check(const struct ctl_args *args);
int ctl_config_dump(const struct ctl_args *args);
int ctl_template_list(const struct ctl_args *args);
int ctl_template_show(const struct ctl_args *args);
int ctl_template_render(const struct ctl_args *args);
int ctl_template_check(const struct ctl_args *args);
int ctl_db_check(const struct ctl_args *args);
int ctl_restore(const struct ctl_args *args);
int ctl_user_add(const struct ctl_args *args);
int ctl_user_list(const struct ctl_args *args);
int ctl_user_show(const struct ctl_args *args);
int ctl_user_del(const struct ctl_args *args);
int ctl_account_add(const struct ctl_args *args);
int ctl_account_list(const struct ctl_args *args);
int ctl_account_set(const struct ctl_args *args);
int ctl_account_del(const struct ctl_args *args);
int ctl_phone_add(const struct ctl_args *args);
int ctl_phone_list(const struct ctl_args *args);
int ctl_phone_show(const struct ctl_args *args);
int ctl_phone_set(const struct ctl_args *args);
int ctl_phone_move(const struct ctl_args *args);
int ctl_phone_url(const struct ctl_args *args);
int ctl_phone_del(const struct ctl_args *args);
int ctl_phone_preview(const struct ctl_args *args);
int ctl_phone_diff(const struct ctl_args *args);
int ctl_refusal_list(const struct ctl_args *args);
int ctl_fetch_list(const struct ctl_args *args);
int ctl_phone_enrol(const struct ctl_args *args);
int ctl_pnp_list(const struct ctl_args *args);
int ctl_pnp_show(const struct ctl_args *args);
int ctl_pnp_adopt(const struct ctl_args *args);
int ctl_pnp_forget(const struct ctl_args *args);
int ctl_token_status(const struct ctl_args *args);
int ctl_alarm_list(const struct ctl_args *args);
int ctl_alarm_show(const struct ctl_args *args);
int ctl_alarm_ack(const struct ctl_args *args);
int ctl_explain(const struct ctl_args *args);
int ctl_user_set(const struct ctl_args *args);
int ctl_site_add(const struct ctl_args *args);
int ctl_site_list(const struct ctl_args *args);
int ctl_site_set(const struct ctl_args *args);
int ctl_site_del(const struct ctl_args *args);
int ctl_setting_set(const struct ctl_args *args);
int ctl_setting_unset(const struct ctl_args *args);
int ctl_setting_list(const struct ctl_args *args);
int ctl_setting_show(const struct ctl_args *args);
int ctl_key_add(const struct ctl_args *args);
int ctl_key_set(const struct ctl_args *args);
int ctl_key_show(const struct ctl_args *args);
int ctl_key_list(const struct ctl_args *args);
int ctl_key_del(const struct ctl_args *args);
int ctl_apikey_add(const struct ctl_args *args);
int ctl_account_show(const struct ctl_args *args);
int ctl_site_show(const struct ctl_args *args);
int ctl_apikey_show(const struct ctl_args *args);
int ctl_apikey_list(const struct ctl_args *args);
int ctl_apikey_del(const struct ctl_args *args);
int ctl_dhcp_snippet(const struct ctl_args *args);
int ctl_phone_qr(const struct ctl_args *args);
int ctl_completion_bash(const struct ctl_args *args);
int ctl_completion_zsh(const struct ctl_args *args);
int ctl_completion_fish(const struct ctl_args *args);
int ctl_completion_words(const struct ctl_args *args);
int ctl_vendor_list(const struct ctl_args *args);
int ctl_model_list(const struct ctl_args *args);
int ctl_model_show(const struct ctl_args *args);
int ctl_options_show(const struct ctl_args *args);
int ctl_options_set(const struct ctl_args *args);
int ctl_options_unset(const struct ctl_args *args);
int ctl_token_rotate(const struct ctl_args *args);
int ctl_backup(const struct ctl_args *args);
int ctl_user_burn(const struct ctl_args *args);
int ctl_key_rotate(const struct ctl_args *args);
int ctl_phone_resync(const struct ctl_args *args);
int ctl_user_resync(const struct ctl_args *args);
int ctl_resync(const struct ctl_args *args);
int ctl_resync_status(const struct ctl_args *args);
int ctl_resync_stop(const struct ctl_args *args);
int ctl_notifier(const struct ctl_args *args);
int ctl_admin_setup_token(const struct ctl_args *args);
int ctl_admin_list(const struct ctl_args *args);
int ctl_admin_add(const struct ctl_args *args);
int ctl_admin_set(const struct ctl_args *args);
int ctl_admin_del(const struct ctl_args *args);
int ctl_session_list(const struct ctl_args *args);
int ctl_session_end(const struct ctl_args *args);
int ctl_user_invite(const struct ctl_args *args);
int ctl_audit_list(const struct ctl_args *args);
int ctl_audit_verify(const struct ctl_args *args);
int ctl_import(const struct ctl_args *args);
/* What the daemon's import at path (below /api/v1) would add and change, as lines; with --json into
 * report's "items". Both are bounded. */
int ctl_import_changes(const struct ctl_args *args, const char *path, json_t *report);
int ctl_export(const struct ctl_args *args);

#endif
