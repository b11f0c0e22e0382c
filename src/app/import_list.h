/* What an import adds and changes, as a list that is read in pages: kept on disk in sealed pieces,
 * for it quotes what the text says. Must not know rows, nor what is a secret among their values. */
#ifndef AUTOPROV_APP_IMPORT_LIST_H
#define AUTOPROV_APP_IMPORT_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"
#include "autoprov/vault.h"

enum import_listed_kind {
    IMPORT_LISTED_USER,
    IMPORT_LISTED_ACCOUNT,
    IMPORT_LISTED_PHONE,
    IMPORT_LISTED_LINE, /* an account on a phone */
    IMPORT_LISTED_KIND_COUNT
};

enum import_listed_change {
    IMPORT_LISTED_ADDED,
    IMPORT_LISTED_CHANGED,
    IMPORT_LISTED_REMOVED, /* lines alone: nothing else is ever taken away */
    IMPORT_LISTED_CHANGE_COUNT
};

/* More than any kind has values. */
#define IMPORT_LISTED_FIELDS_MAX 16

struct import_listed_field {
    const char *name;
    const char *before, *after; /* NULL: not shown, a secret; "": none */
};

/* Texts of more than AP_IMPORT_LISTED_TEXT_MAX_BYTES are cut when they are added. */
struct import_listed {
    uint64_t line; /* of the text */
    enum import_listed_kind kind;
    enum import_listed_change change;
    const char *name;
    const char *user; /* whose it is; "": no such */
    size_t field_count;
    struct import_listed_field fields[IMPORT_LISTED_FIELDS_MAX];
};

struct import_list;

/* A file in folder. max: of entries that are listed, the rest is only counted.
 * *ret_list: free with import_list_free(). Errors: those of import_file_new(). */
AP_MUSTCHECK int import_list_new(const char *folder, uint64_t max, struct import_list **ret_list);
void import_list_free(struct import_list *list);

/* vault: of the calling thread. Errors: those of import_file_seal(). */
AP_MUSTCHECK int import_list_add(struct import_list *list, struct vault *vault,
                                 const struct import_listed *listed);
/* After the last one. Only what was added before can be read. */
AP_MUSTCHECK int import_list_end(struct import_list *list, struct vault *vault);

/* All that were added, and those of them that can be read: the first ones. */
uint64_t import_list_count(const struct import_list *list);
uint64_t import_list_listed(const struct import_list *list);

/* The strings are borrowed until it returns. A result that is not 0 ends the reading with it. */
typedef int (*import_list_take)(void *data, const struct import_listed *listed);

/* Hand out the entries from number *next (0: the first) on, limit at most, and fewer than that when
 * they are large: AP_IMPORT_PAGE_MAX_BYTES. *next: of the one behind the last.
 * Errors: those of import_file_open(), of take. */
AP_MUSTCHECK int import_list_read(const struct import_list *list, struct vault *vault,
                                  uint32_t limit, uint64_t *next, import_list_take take,
                                  void *data);

#endif
