/* The gate before libConfuse, which lets much pass: files that end in an open section, keys given
 * twice, "a|b" paths as keys, ${ENVIRONMENT} in values, stray bytes; and whose reading of comments
 * miscounts lines. Blanks comments, checks the shape, notes where each key and section stands.
 * Knows no values. */
#include "config_private.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"

/* What the grammar lets come next. */
enum scan_state {
    SCAN_START,       /* a key, a section's name or a closing brace */
    SCAN_AFTER_NAME,  /* '=' or a section's title */
    SCAN_AFTER_TITLE, /* '{' */
    SCAN_AFTER_EQUALS,
    SCAN_IN_LIST,
};

struct token {
    const char *text; /* in the file; a quoted one without its quotes, escapes untouched */
    size_t len;
    int line;
    bool quoted;
};

struct scanner {
    struct config_scan *scan;
    const char *path;
    char *at; /* in scan->text */
    char *end;
    int line;
    enum scan_state state;
    struct token name;
    enum config_section section;
    int opened_line[3]; /* by section: where its open one begins */
    uint64_t seen[3];   /* by section: bits of the keys seen in the open one */
    uint32_t listeners, certificates;
    struct ap_error *error;
};
_Static_assert(KEY_COUNT <= 64, "seen has one bit per key");

/* Names in messages are cut: a file may hold anything. */
#define SHOWN(token) (int)((token)->len < 64 ? (token)->len : 64), (token)->text

static int add_mark(struct scanner *s, const struct config_key *key, int line)
{
    struct config_scan *scan = s->scan;

    if (scan->mark_count == scan->mark_cap) {
        size_t cap = scan->mark_cap ? 2 * scan->mark_cap : 64;
        struct config_mark *grown = realloc(scan->marks, cap * sizeof(*grown));
        if (!grown)
            return ap_error_set(s->error, AP_ENOMEM, "%s: %s", s->path, ap_strerror(AP_ENOMEM));
        scan->marks = grown;
        scan->mark_cap = cap;
    }
    scan->marks[scan->mark_count++] = (struct config_mark){
        .section = s->section,
        .key = key,
        .listener = s->listeners ? s->listeners - 1 : 0,
        .certificate = s->certificates ? s->certificates - 1 : 0,
        .line = line,
    };
    return 0;
}

static int on_key(struct scanner *s)
{
    const struct token *name = &s->name;
    const struct config_key *key = config_key_find(s->section, name->text, name->len);

    if (!key)
        return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: unknown key '%.*s' (%s)", s->path,
                            name->line, SHOWN(name), config_section_name(s->section));
    uint64_t bit = UINT64_C(1) << (key - CONFIG_KEYS);
    if (s->seen[s->section] & bit) {
        int first = config_scan_line(s->scan, s->section, key, s->listeners ? s->listeners - 1 : 0,
                                     s->certificates ? s->certificates - 1 : 0);
        return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: '%s' is given twice, first on line %d",
                            s->path, name->line, key->name, first);
    }
    s->seen[s->section] |= bit;
    return add_mark(s, key, name->line);
}

static int on_section(struct scanner *s)
{
    const struct token *name = &s->name;
    bool listener = name->len == 8 && memcmp(name->text, "listener", 8) == 0;
    bool certificate = name->len == 11 && memcmp(name->text, "certificate", 11) == 0;

    if (listener && s->section == CONFIG_TOP) {
        if (s->listeners == AP_CONFIG_LISTENERS_MAX)
            return ap_error_set(s->error, AP_ERANGE, "%s:%d: more than %d listeners", s->path,
                                name->line, AP_CONFIG_LISTENERS_MAX);
        s->section = CONFIG_LISTENER;
        s->listeners++;
        s->certificates = 0;
    } else if (certificate && s->section == CONFIG_LISTENER) {
        if (s->certificates == AP_CONFIG_CERTIFICATES_MAX)
            return ap_error_set(s->error, AP_ERANGE, "%s:%d: more than %d certificates", s->path,
                                name->line, AP_CONFIG_CERTIFICATES_MAX);
        s->section = CONFIG_CERTIFICATE;
        s->certificates++;
    } else {
        return ap_error_set(s->error, AP_ESYNTAX,
                            "%s:%d: a section '%.*s' does not belong here (%s)", s->path,
                            name->line, SHOWN(name), config_section_name(s->section));
    }
    s->seen[s->section] = 0;
    s->opened_line[s->section] = name->line;
    return add_mark(s, NULL, name->line);
}

static int on_text(struct scanner *s, const struct token *token)
{
    switch (s->state) {
    case SCAN_START:
        if (token->quoted)
            return ap_error_set(s->error, AP_ESYNTAX,
                                "%s:%d: a key is expected here, and keys stand without quotes",
                                s->path, token->line);
        s->name = *token;
        s->state = SCAN_AFTER_NAME;
        return 0;
    case SCAN_AFTER_NAME:
        s->state = SCAN_AFTER_TITLE;
        return 0;
    case SCAN_AFTER_TITLE:
        return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: '=' is missing after '%.*s'", s->path,
                            s->name.line, SHOWN(&s->name));
    case SCAN_AFTER_EQUALS:
        s->state = SCAN_START;
        return 0;
    default:
        return 0; /* in a list: libConfuse minds the commas */
    }
}

static int unexpected(struct scanner *s, char c)
{
    if (s->state == SCAN_AFTER_EQUALS)
        return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: the value of '%.*s' is missing", s->path,
                            s->line, SHOWN(&s->name));
    if (s->state == SCAN_AFTER_NAME && c == '{')
        return ap_error_set(s->error, AP_ESYNTAX,
                            "%s:%d: section '%.*s' needs a name: %.*s \"NAME\" { … }", s->path,
                            s->line, SHOWN(&s->name), SHOWN(&s->name));
    if (s->state == SCAN_AFTER_NAME || s->state == SCAN_AFTER_TITLE)
        return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: '=' is missing after '%.*s'", s->path,
                            s->line, SHOWN(&s->name));
    return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: unexpected '%c'", s->path, s->line, c);
}

static int on_sign(struct scanner *s, char c)
{
    int err = 0;

    if (c == '=' && s->state == SCAN_AFTER_NAME) {
        err = on_key(s);
        s->state = SCAN_AFTER_EQUALS;
    } else if (c == '{' && s->state == SCAN_AFTER_EQUALS) {
        s->state = SCAN_IN_LIST;
    } else if (c == '{' && s->state == SCAN_AFTER_TITLE) {
        err = on_section(s);
        s->state = SCAN_START;
    } else if (c == '}' && s->state == SCAN_IN_LIST) {
        s->state = SCAN_START;
    } else if (c == '}' && s->state == SCAN_START && s->section != CONFIG_TOP) {
        s->section = s->section == CONFIG_CERTIFICATE ? CONFIG_LISTENER : CONFIG_TOP;
    } else if (c != ',' || s->state != SCAN_IN_LIST) {
        err = unexpected(s, c);
    }
    return err;
}

static void blank(char *from, const char *to)
{
    for (; from < to; from++) {
        if (*from != '\n')
            *from = ' ';
    }
}

static int skip_comment(struct scanner *s)
{
    char *from = s->at;

    if (*from == '#' || from[1] == '/') {
        while (s->at < s->end && *s->at != '\n')
            s->at++;
        blank(from, s->at);
        return 0;
    }
    int line = s->line;
    for (s->at += 2; s->at < s->end; s->at++) {
        if (*s->at == '\n')
            s->line++;
        if (s->at[0] == '*' && s->at[1] == '/') {
            s->at += 2;
            blank(from, s->at);
            return 0;
        }
    }
    return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: this comment has no end", s->path, line);
}

/* '…' over any number of lines, with \' and \\; "…" on one line, with \" and \\ and nothing of
 * what libConfuse would expand. */
static int scan_quoted(struct scanner *s)
{
    char quote = *s->at++;
    struct token token = {.text = s->at, .line = s->line, .quoted = true};

    for (; s->at < s->end && *s->at != quote; s->at++) {
        if (*s->at == '\n' && quote == '"')
            break;
        if (quote == '"' && s->at[0] == '$' && s->at[1] == '{')
            return ap_error_set(s->error, AP_ESYNTAX,
                                "%s:%d: \"${\" would be replaced from the environment: use single "
                                "quotes",
                                s->path, s->line);
        if (*s->at == '\\') {
            s->at++;
            if (quote == '"' && *s->at != '"' && *s->at != '\\')
                return ap_error_set(s->error, AP_ESYNTAX,
                                    "%s:%d: only \\\" and \\\\ are known in double quotes: use "
                                    "single quotes",
                                    s->path, s->line);
        }
        if (*s->at == '\n')
            s->line++;
    }
    if (s->at >= s->end || *s->at != quote)
        return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: this quote has no end", s->path,
                            token.line);
    token.len = (size_t)(s->at++ - token.text);
    return on_text(s, &token);
}

static bool is_word(char c)
{
    return !strchr(" #\"'\t\r\n={}()+,*", c);
}

static int scan_word(struct scanner *s)
{
    struct token token = {.text = s->at, .line = s->line};

    while (s->at < s->end && is_word(*s->at))
        s->at++;
    token.len = (size_t)(s->at - token.text);
    if (token.len == 0)
        return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: unexpected '%c': quote the value",
                            s->path, s->line, *s->at);
    if (s->at[-1] == '$' && *s->at == '{')
        return ap_error_set(s->error, AP_ESYNTAX,
                            "%s:%d: \"${\" would be replaced from the environment: use single "
                            "quotes",
                            s->path, s->line);
    return on_text(s, &token);
}

static int scan_one(struct scanner *s)
{
    char c = *s->at;

    if (c == '#' || (c == '/' && (s->at[1] == '/' || s->at[1] == '*')))
        return skip_comment(s);
    if (c == '"' || c == '\'')
        return scan_quoted(s);
    if (strchr(" \t\r\n", c)) {
        if (c == '\n')
            s->line++;
        s->at++;
        return 0;
    }
    if (strchr("={},", c)) {
        s->at++;
        return on_sign(s, c);
    }
    return scan_word(s);
}

/* libConfuse reads NUL-terminated strings and drops what it does not know. */
static int check_bytes(const struct scanner *s)
{
    int line = 1;

    for (const char *begin = s->at, *c = begin; c < s->end; c++) {
        unsigned char byte = (unsigned char)*c;
        if ((byte < 0x20 && byte != '\t' && byte != '\n' && !(byte == '\r' && c[1] == '\n')) ||
            byte == 0x7f)
            return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: control character 0x%02x", s->path,
                                line, (unsigned)byte);
        if (byte != '\n')
            continue;
        if (!text_is_utf8(begin, (size_t)(c - begin)))
            return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: this line is not UTF-8", s->path,
                                line);
        begin = c + 1;
        line++;
    }
    return 0;
}

static int check_end(const struct scanner *s)
{
    if (s->state == SCAN_IN_LIST)
        return ap_error_set(s->error, AP_ESYNTAX,
                            "%s:%d: the file ends inside the list '%.*s' that begins here", s->path,
                            s->name.line, SHOWN(&s->name));
    if (s->state != SCAN_START)
        return ap_error_set(s->error, AP_ESYNTAX, "%s:%d: the file ends after '%.*s'", s->path,
                            s->name.line, SHOWN(&s->name));
    if (s->section != CONFIG_TOP)
        return ap_error_set(s->error, AP_ESYNTAX,
                            "%s:%d: the file ends inside the section '%s' that begins here",
                            s->path, s->opened_line[s->section], config_section_name(s->section));
    return 0;
}

int config_scan_file(struct config_scan *scan, const char *path, struct ap_error *error)
{
    buf_init(&scan->text, AP_CONFIG_FILE_MAX_BYTES);
    int err = file_read(path, &scan->text, error);
    if (err)
        return err;
    scan->text.max++; /* for the line end that the last line may lack */
    err = buf_append_text(&scan->text, "\n");
    if (err)
        return ap_error_set(error, err, "%s: %s", path, ap_strerror(err));

    struct scanner s = {.scan = scan, .path = path, .line = 1, .error = error};
    s.at = scan->text.data;
    s.end = scan->text.data + scan->text.len;
    err = check_bytes(&s);
    while (err == 0 && s.at < s.end)
        err = scan_one(&s);
    return err ? err : check_end(&s);
}

void config_scan_done(struct config_scan *scan)
{
    buf_done(&scan->text);
    free(scan->marks);
    scan->marks = NULL;
    scan->mark_count = scan->mark_cap = 0;
}

int config_scan_line(const struct config_scan *scan, enum config_section section,
                     const struct config_key *key, uint32_t listener, uint32_t certificate)
{
    for (size_t i = 0; i < scan->mark_count; i++) {
        const struct config_mark *mark = &scan->marks[i];
        if (mark->section != section || mark->key != key)
            continue;
        if (section == CONFIG_TOP || (mark->listener == listener && section == CONFIG_LISTENER) ||
            (mark->listener == listener && mark->certificate == certificate))
            return mark->line;
    }
    return 0;
}
