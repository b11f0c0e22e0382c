/* Entries in pieces of a fixed number, so that the place of each is known by its number alone; a
 * piece is sealed when it is full.
 *
 *   piece    entry 64 * n, 64 * n + 1, …
 *   entry    line of the text (8 bytes), kind, change, number of fields (1 each), name, user, and
 *            of each field: whether it is shown (1), name, before, after; texts end with a NUL */
#include "import_list.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/buf.h"
#include "autoprov/limits.h"
#include "import_file.h"

#define PIECE_ENTRIES 64
/* Texts of an entry: name, user, and three of each field. */
#define ENTRY_TEXTS     (2 + 3 * IMPORT_LISTED_FIELDS_MAX)
#define ENTRY_MAX_BYTES (ENTRY_TEXTS * (AP_IMPORT_LISTED_TEXT_MAX_BYTES + 1) + 32)
/* The piece as it is sealed and as it is opened. */
#define PIECE_ARENA_BYTES ((size_t)3 * PIECE_ENTRIES * ENTRY_MAX_BYTES)

#define ELLIPSIS          "\xe2\x80\xa6"

struct import_list {
    struct import_file *file;
    struct buf piece; /* the one that is not full yet */
    uint64_t max;
    uint64_t count;   /* all that were added */
    uint64_t written; /* to the piece or the file */
    uint64_t listed;  /* in the file */
    bool ended;
    uint64_t offsets[]; /* of the pieces in the file */
};

int import_list_new(const char *folder, uint64_t max, struct import_list **ret_list)
{
    size_t pieces = (size_t)(max / PIECE_ENTRIES + 1);
    struct import_list *list = calloc(1, sizeof(*list) + pieces * sizeof(list->offsets[0]));

    if (!list)
        return AP_ENOMEM;
    int err = import_file_new(folder, &list->file);
    if (err) {
        free(list);
        return err;
    }
    list->max = max;
    buf_init_secret(&list->piece, (size_t)PIECE_ENTRIES * ENTRY_MAX_BYTES);
    *ret_list = list;
    return 0;
}

void import_list_free(struct import_list *list)
{
    if (!list)
        return;
    import_file_free(list->file);
    buf_done(&list->piece);
    free(list);
}

uint64_t import_list_count(const struct import_list *list)
{
    return list->count;
}

uint64_t import_list_listed(const struct import_list *list)
{
    return list->listed;
}

/* -- writing ----------------------------------------------------------------------------------- */

/* With its NUL; what is too long is cut between two characters. */
static int put_text(struct buf *piece, const char *text)
{
    size_t len = strlen(text);

    if (len <= AP_IMPORT_LISTED_TEXT_MAX_BYTES)
        return buf_append(piece, text, len + 1);
    len = AP_IMPORT_LISTED_TEXT_MAX_BYTES - (sizeof(ELLIPSIS) - 1);
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    int err = buf_append(piece, text, len);
    return err ? err : buf_append(piece, ELLIPSIS, sizeof(ELLIPSIS));
}

static int put_field(struct buf *piece, const struct import_listed_field *field)
{
    uint8_t shown = field->before && field->after;
    int err = buf_append(piece, &shown, 1);

    if (!err)
        err = put_text(piece, field->name);
    if (!err && shown)
        err = put_text(piece, field->before);
    if (!err && shown)
        err = put_text(piece, field->after);
    return err;
}

static int put_entry(struct buf *piece, const struct import_listed *listed)
{
    const uint8_t head[] = {(uint8_t)listed->kind, (uint8_t)listed->change,
                            (uint8_t)listed->field_count};
    int err = buf_append(piece, &listed->line, sizeof(listed->line));

    if (!err)
        err = buf_append(piece, head, sizeof(head));
    if (!err)
        err = put_text(piece, listed->name);
    if (!err)
        err = put_text(piece, listed->user);
    for (size_t i = 0; i < listed->field_count && !err; i++)
        err = put_field(piece, &listed->fields[i]);
    return err;
}

static int seal_piece(struct import_list *list, struct vault *vault)
{
    uint64_t number = list->listed / PIECE_ENTRIES;
    uint64_t offset = import_file_bytes(list->file);
    int err =
        import_file_seal(list->file, vault, (uint32_t)number, list->piece.data, list->piece.len);

    if (err)
        return err;
    list->offsets[number] = offset;
    list->listed = list->written;
    buf_reset(&list->piece);
    return 0;
}

int import_list_add(struct import_list *list, struct vault *vault,
                    const struct import_listed *listed)
{
    list->count++;
    if (list->ended || list->written == list->max ||
        import_file_bytes(list->file) >= AP_IMPORT_LIST_MAX_BYTES)
        return 0;
    int err = put_entry(&list->piece, listed);
    if (err)
        return err;
    list->written++;
    return list->written % PIECE_ENTRIES == 0 ? seal_piece(list, vault) : 0;
}

int import_list_end(struct import_list *list, struct vault *vault)
{
    list->ended = true;
    return list->written > list->listed ? seal_piece(list, vault) : 0;
}

/* -- reading ----------------------------------------------------------------------------------- */

/* What is left of a piece: opened, and so as it was written. */
struct cursor {
    const char *at, *end;
};

static const char *take_text(struct cursor *cursor)
{
    const char *text = cursor->at;
    size_t len = strnlen(text, (size_t)(cursor->end - cursor->at));

    if (len == (size_t)(cursor->end - cursor->at))
        return NULL;
    cursor->at += len + 1;
    return text;
}

static bool take_bytes(struct cursor *cursor, void *bytes, size_t len)
{
    if ((size_t)(cursor->end - cursor->at) < len)
        return false;
    memcpy(bytes, cursor->at, len);
    cursor->at += len;
    return true;
}

static bool take_field(struct cursor *cursor, struct import_listed_field *field)
{
    uint8_t shown = 0;

    *field = (struct import_listed_field){NULL, NULL, NULL};
    if (!take_bytes(cursor, &shown, 1))
        return false;
    field->name = take_text(cursor);
    if (shown && field->name)
        field->before = take_text(cursor);
    if (shown && field->before)
        field->after = take_text(cursor);
    return field->name && (!shown || field->after);
}

static int take_entry(struct cursor *cursor, struct import_listed *ret_listed)
{
    struct import_listed listed = {.name = NULL};
    uint8_t head[3];

    if (!take_bytes(cursor, &listed.line, sizeof(listed.line)) ||
        !take_bytes(cursor, head, sizeof(head)) || head[0] >= IMPORT_LISTED_KIND_COUNT ||
        head[1] >= IMPORT_LISTED_CHANGE_COUNT || head[2] > IMPORT_LISTED_FIELDS_MAX)
        return AP_EIO;
    listed.kind = (enum import_listed_kind)head[0];
    listed.change = (enum import_listed_change)head[1];
    listed.field_count = head[2];
    listed.name = take_text(cursor);
    listed.user = listed.name ? take_text(cursor) : NULL;
    if (!listed.user)
        return AP_EIO;
    for (size_t i = 0; i < listed.field_count; i++) {
        if (!take_field(cursor, &listed.fields[i]))
            return AP_EIO;
    }
    *ret_listed = listed;
    return 0;
}

struct page {
    uint64_t next, end; /* numbers of entries */
    size_t bytes;
    import_list_take take;
    void *data;
};

/* Those of the page that stand in the piece of page->next. */
static int read_piece(const struct import_list *list, struct vault *vault, struct arena *arena,
                      struct page *page)
{
    uint64_t number = page->next / PIECE_ENTRIES;
    uint64_t offset = list->offsets[number];
    struct import_listed listed;
    const char *data;
    size_t len;
    int err = import_file_open(list->file, vault, (uint32_t)number, &offset, arena, &data, &len);

    if (err)
        return err == AP_ENOENT ? AP_EIO : err;
    struct cursor cursor = {data, data + len};
    uint64_t at = number * PIECE_ENTRIES;
    uint64_t end = at + PIECE_ENTRIES < page->end ? at + PIECE_ENTRIES : page->end;
    for (; at < end && !err && page->bytes < AP_IMPORT_PAGE_MAX_BYTES; at++) {
        const char *from = cursor.at;
        err = take_entry(&cursor, &listed);
        if (err || at < page->next)
            continue;
        err = page->take(page->data, &listed);
        page->bytes += (size_t)(cursor.at - from);
        page->next++;
    }
    return err;
}

int import_list_read(const struct import_list *list, struct vault *vault, uint32_t limit,
                     uint64_t *next, import_list_take take, void *data)
{
    uint64_t end = *next + limit < list->listed ? *next + limit : list->listed;
    struct page page = {.next = *next, .end = end, .take = take, .data = data};
    struct arena arena;
    int err = 0;

    arena_init(&arena, PIECE_ARENA_BYTES);
    while (!err && page.next < page.end && page.bytes < AP_IMPORT_PAGE_MAX_BYTES) {
        err = read_piece(list, vault, &arena, &page);
        arena_reset(&arena);
    }
    arena_done(&arena);
    if (!err)
        *next = page.next;
    return err;
}
