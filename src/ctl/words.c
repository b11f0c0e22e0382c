/* Splitting and filling of command lines. Must not know what is run. */
#include "words.h"

#include <string.h>

/* -- split ------------------------------------------------------------------------------------- */

struct splitter {
    struct words *words;
    size_t used;
    bool in_word;
};

static int put(struct splitter *splitter, char c)
{
    if (splitter->used == WORDS_TEXT_MAX - 1) /* the last one is a NUL's */
        return AP_ERANGE;
    if (!splitter->in_word) {
        if (splitter->words->count == WORDS_MAX)
            return AP_ERANGE;
        splitter->words->words[splitter->words->count++] = &splitter->words->text[splitter->used];
        splitter->in_word = true;
    }
    splitter->words->text[splitter->used++] = c;
    return 0;
}

static int end_word(struct splitter *splitter)
{
    int err = splitter->in_word ? put(splitter, '\0') : 0;

    splitter->in_word = false;
    return err;
}

/* An empty word is one as well: "". */
static int begin_word(struct splitter *splitter)
{
    if (splitter->in_word)
        return 0;
    int err = put(splitter, '\0');
    if (!err)
        splitter->used--;
    return err;
}

/* Behind the quote; returns where it ends, or NULL. */
static const char *take_quoted(struct splitter *splitter, const char *at, int *ret_err)
{
    char quote = *at++;

    *ret_err = begin_word(splitter);
    for (; !*ret_err && *at && *at != quote; at++) {
        if (quote == '"' && *at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        *ret_err = put(splitter, *at);
    }
    return *at == quote ? at + 1 : NULL;
}

static int split(struct splitter *splitter, const char *line)
{
    int err = 0;

    for (const char *at = line; !err && *at;) {
        if (strchr(" \t\n", *at)) {
            err = end_word(splitter);
            at++;
        } else if (*at == '\'' || *at == '"') {
            at = take_quoted(splitter, at, &err);
            if (!err && !at)
                return AP_ESYNTAX;
        } else if (*at == '\\' && at[1] == '\0') {
            return AP_ESYNTAX;
        } else {
            at += *at == '\\';
            err = put(splitter, *at++);
        }
    }
    return err ? err : end_word(splitter);
}

int words_split(const char *line, struct words *ret_words, struct ap_error *error)
{
    struct splitter splitter = {.words = ret_words};

    memset(ret_words, 0, sizeof(*ret_words));
    int err = split(&splitter, line);
    if (err == AP_ESYNTAX)
        return ap_error_set(error, err, "a quote, or the character behind a '\\', is missing");
    if (err)
        return ap_error_set(error, err, "more than %d words, or %d bytes", WORDS_MAX,
                            WORDS_TEXT_MAX - 1);
    return ret_words->count > 0 ? 0 : ap_error_set(error, AP_EINVAL, "no command");
}

/* -- fill -------------------------------------------------------------------------------------- */

static const struct words_value *find_value(const struct words_value *values, const char *name,
                                            size_t len)
{
    for (; values->name; values++) {
        if (strlen(values->name) == len && memcmp(values->name, name, len) == 0)
            return values;
    }
    return NULL;
}

static int put_text(struct splitter *splitter, const char *text)
{
    int err = 0;

    for (; !err && *text; text++)
        err = put(splitter, *text);
    return err;
}

static int fill_word(struct splitter *splitter, const char *word, const struct words_value *values,
                     struct ap_error *error)
{
    int err = begin_word(splitter);

    while (!err && *word) {
        size_t len = *word == '{' ? strcspn(word + 1, "{}") : 0;
        if (*word != '{') {
            err = put(splitter, *word++);
            continue;
        }
        const struct words_value *value =
            word[len + 1] == '}' ? find_value(values, word + 1, len) : NULL;
        if (!value)
            return ap_error_set(
                error, AP_EINVAL,
                "'%.40s' begins with no placeholder; there are {mac}, {user}, {sip_user}, "
                "{domain}, {contact}, {event} and {kind}. A command with braces of its "
                "own goes into a script",
                word);
        if (!value->value)
            return ap_error_set(error, AP_EINVAL,
                                "{%s} is a secret, and everybody sees arguments: it is in the "
                                "environment alone",
                                value->name);
        err = put_text(splitter, value->value);
        word += len + 2;
    }
    if (!err)
        err = end_word(splitter);
    return err ? ap_error_set(error, err, "the words are too long") : 0;
}

int words_fill(const struct words *words, const struct words_value *values,
               struct words *ret_filled, struct ap_error *error)
{
    struct splitter splitter = {.words = ret_filled};
    int err = 0;

    memset(ret_filled, 0, sizeof(*ret_filled));
    for (size_t i = 0; !err && i < words->count; i++)
        err = fill_word(&splitter, words->words[i], values, error);
    return err;
}

bool words_value_is_plain(const char *value)
{
    if (value[0] == '-' || strlen(value) > WORDS_VALUE_MAX)
        return false;
    for (; *value; value++) {
        if (*value <= ' ' || *value > '~' || strchr("\"'`\\$<>|&(){}", *value))
            return false;
    }
    return true;
}
