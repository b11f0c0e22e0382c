/* What the files of an import share: one application of a text, on its job thread. */
#ifndef AUTOPROV_APP_IMPORT_PRIVATE_H
#define AUTOPROV_APP_IMPORT_PRIVATE_H

#include <stdbool.h>

#include "api_private.h"
#include "autoprov/store_import.h"
#include "import_csv.h"
#include "import_file.h"
#include "import_list.h"
#include "import_plan.h"

/* One row as it was read; strings are the cells'. */
struct import_row {
    const struct import_cells *cells;
    bool has_account, has_phone;
    bool failed; /* a problem was told: the values are not to be used */
    uint8_t mac[AP_MAC_LEN];
    struct token token; /* len 0: none given. A secret */
    uint32_t position;  /* of the account on the phone; 0: not given */
};

struct import_token;

struct import_run {
    struct api_call *call; /* of nobody: what the checks of single changes need */
    struct store_db *db;   /* the job's reader */
    struct import_plan *plan;
    bool update;
    struct arena arena; /* of one row */

    struct import_file *problems; /* "LINE: COLUMN: REASON\n" */
    uint64_t problem_count;
    uint64_t rows;

    struct import_list *list;
    struct import_listed listed; /* the fields of what is being looked at; strings in arena */

    /* The known phone looked at last: its lines are compared row by row. id NULL: none. */
    struct arena known_arena;
    struct store_phone known;

    /* Changes of what is there, strings in an arena of their own. */
    struct arena kept;
    struct store_import_change *changes;
    size_t change_count, change_room;

    struct import_token *tokens; /* AP_IMPORT_TOKENS_MAX, of the second reading */
    size_t token_count;

    /* The last site looked for, and what a new phone of a new user there inherits. */
    char site[AP_NAME_MAX_BYTES + 1];
    char site_id[STORE_ID_TEXT_MAX];
    struct arena inherited_arena;
    struct store_phone inherited;
};

/* -- import_row.c ------------------------------------------------------------------------------ */

/* Tell a problem of this line. Errors: those of the file that keeps it. */
AP_MUSTCHECK int import_tell(struct import_run *run, uint64_t line, const char *column,
                             const char *fmt, ...) AP_PRINTF(4, 5);
/* The same of a row, which has failed by it. */
#define import_refuse(run, row, column, ...)                                                       \
    ((row)->failed = true,                                                                         \
     import_tell((run), (row)->cells->line, import_column_name(column), __VA_ARGS__))

/* Check every cell by itself. A problem makes the row failed, not the call. */
AP_MUSTCHECK int import_row_read(struct import_run *run, const struct import_cells *cells,
                                 struct import_row *ret_row);

/* The header has the column; its cell is not empty. */
bool import_row_has(const struct import_row *row, enum import_column column);
bool import_row_given(const struct import_row *row, enum import_column column);
/* "" without the column. */
const char *import_row_text(const struct import_row *row, enum import_column column);

/* Lay the row's cells over what is there, or over the values of a new one. Empty cells of what has
 * a default leave it as it is. The site is left to the caller. */
void import_row_user(const struct import_row *row, struct store_user *user);
void import_row_account(const struct import_row *row, struct store_account *account);
/* *ret_settle: vendor or model are to be settled. */
void import_row_phone(const struct import_row *row, struct store_phone *phone, bool *ret_settle);

/* Values of a new one. */
struct store_user import_new_user(void);
struct store_account import_new_account(void);
struct store_phone import_new_phone(void);

/* The columns that are values of a kind, in the order of import_entity.values. */
const enum import_column *import_values_of(enum import_kind kind, size_t *ret_count);

/* Fingerprints of what a row names. */
uint64_t import_key_of_user(const struct import_run *run, const char *name);
uint64_t import_key_of_account(const struct import_run *run, const struct import_row *row);
uint64_t import_key_of_phone(const struct import_run *run, const struct import_row *row);

/* -- import_check.c, import_check_user.c, … ---------------------------------------------------- */

/* A row of the first reading: what it names goes into the plan, what is wrong is told. */
AP_MUSTCHECK int import_check_row(struct import_run *run, const struct import_cells *cells);
/* After the last row: what only all of them tell. */
AP_MUSTCHECK int import_check_end(struct import_run *run);

/* A thing named for the first time. */
AP_MUSTCHECK int import_check_user(struct import_run *run, struct import_row *row,
                                   struct import_entity *entity, uint32_t number);
AP_MUSTCHECK int import_check_account(struct import_run *run, struct import_row *row,
                                      struct import_entity *entity, uint32_t number);
AP_MUSTCHECK int import_check_phone(struct import_run *run, struct import_row *row,
                                    struct import_entity *entity, uint32_t number);
/* The row's position, or the one behind the phone's last so far: may be one too many. */
uint32_t import_next_position(const struct import_row *row, const struct import_entity *phone);
/* Of one line; the sum over a phone's lines tells whether they are the same. */
uint64_t import_line_digest(const struct import_run *run, uint32_t position,
                            const char *account_id);
/* Can the phone's file carry the account? */
AP_MUSTCHECK int import_check_line(struct import_run *run, struct import_row *row,
                                   const struct import_entity *phone,
                                   const struct import_entity *account);

/* An external id belongs to one of its kind, in the file. */
AP_MUSTCHECK int import_claim(struct import_run *run, struct import_row *row,
                              enum import_column column, uint32_t number);
/* A value of what is there, and what the row says instead. */
struct import_value {
    bool differs;
    enum import_column column;
    const char *before, *after; /* NULL: none; of a secret not looked at */
};
#define TEXT_VALUE(column_, before_, after_)                                                       \
    {                                                                                              \
        !import_is_same((before_), (after_)), (column_), (before_), (after_)                       \
    }
/* *ret_changed: one of them differs. Changes are noted; without --update they are refused, naming
 * the column. */
AP_MUSTCHECK int import_compare(struct import_run *run, struct import_row *row,
                                const struct import_value *values, size_t count, bool *ret_changed);
/* Room for a change of entity, zeroed. Errors: AP_ERANGE above AP_IMPORT_CHANGES_MAX, told. */
AP_MUSTCHECK int import_add_change(struct import_run *run, struct import_entity *entity,
                                   struct store_import_change **ret_change);
/* A phone that is there, with its lines, into arena. */
AP_MUSTCHECK int import_read_phone(struct import_run *run, const struct import_entity *entity,
                                   struct arena *arena, struct store_phone *ret_phone);
/* Both absent, or the same text. */
bool import_is_same(const char *a, const char *b);
/* A copy for the changes; NULL for NULL. *failed is set without memory, else left. */
const char *import_keep(struct import_run *run, const char *text, bool *failed);
/* The id of a site by its name; NULL: told as a problem. */
AP_MUSTCHECK int import_find_site(struct import_run *run, struct import_row *row,
                                  const char **ret_id);

/* -- import_note.c ----------------------------------------------------------------------------- */

/* For the list of what changes, as of import_list_add(). Of what is there: what the file changes of
 * it, by then compared. Secrets among the values are left out here. */
AP_MUSTCHECK int import_note_field(struct import_run *run, const struct import_value *value);
/* A thing that the row adds or changes, with the fields since import_note_begin(). */
void import_note_begin(struct import_run *run);
AP_MUSTCHECK int import_note(struct import_run *run, const struct import_row *row,
                             enum import_kind kind, enum import_state state);
/* A line of the row: nothing is noted if the phone has it so. */
AP_MUSTCHECK int import_note_line(struct import_run *run, const struct import_row *row,
                                  const struct import_entity *phone,
                                  const struct import_entity *account, uint32_t position);
/* The lines that a phone has and the file does not give it, after the last row. mac: as it will be.
 */
AP_MUSTCHECK int import_note_lost_lines(struct import_run *run, const struct import_entity *entity,
                                        const struct store_phone *found,
                                        const uint8_t mac[static AP_MAC_LEN]);

/* -- import_stage.c ---------------------------------------------------------------------------- */

/* A sealed token that waits for its turn: they go into the store in the order of their blind
 * indexes, many at once. One by one each would be written with a page of its own, more than half of
 * all that an import writes. */
struct import_token {
    struct store_import_token token;
    uint32_t user; /* number in the plan */
};

/* Rows that are ready for one write of the writer. */
struct import_batch {
    struct arena arena; /* secrets wiped */
    struct store_import_row *rows;
    size_t count, room;
    size_t lines; /* of the text */
};

/* A row of the second reading: what is new goes into the batch, its token to run->tokens. */
AP_MUSTCHECK int import_stage_row(struct import_run *run, const struct import_cells *cells,
                                  struct import_batch *batch);
/* As many of run->tokens, from *next on, as the batch has room for. */
AP_MUSTCHECK int import_stage_tokens(struct import_run *run, size_t *next,
                                     struct import_batch *batch);

#endif
