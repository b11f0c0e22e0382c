/* Private to src/ctl/: a command line of an admin's, split into words once, filled for each run.
 * Nothing of it ever meets a shell. */
#ifndef AUTOPROV_CTL_WORDS_H
#define AUTOPROV_CTL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/err.h"

#define WORDS_MAX       64
#define WORDS_TEXT_MAX  8192 /* of all words together, filled */
#define WORDS_VALUE_MAX 1024

/* {name} in a word; value NULL: it is a secret, which no argument may be. */
struct words_value {
    const char *name;
    const char *value;
};

struct words {
    char text[WORDS_TEXT_MAX];
    char *words[WORDS_MAX + 1]; /* into text; ends with NULL: as execve(2) wants it */
    size_t count;
};

/* Split as sh does without expanding anything: blanks between words; '…' as it is; "…" with \" and
 * \\ in it; \ before any character outside of both (POSIX, Shell Command Language, 2.2).
 * Errors, with a line: AP_ESYNTAX a quote that does not end; AP_ERANGE too many or too long;
 * AP_EINVAL no word. */
AP_MUSTCHECK int words_split(const char *line, struct words *ret_words, struct ap_error *error);

/* Put values in the places of {name}, also inside of words; a value stays one word, or part of one.
 * values: ends with a row without name.
 * Errors, with a line: AP_EINVAL a name that is none, or a secret's; AP_ERANGE too long. */
AP_MUSTCHECK int words_fill(const struct words *words, const struct words_value *values,
                            struct words *ret_filled, struct ap_error *error);

/* May it be an argument of a program, or a part of one: printable ASCII without blanks and without
 * what some command line gives a meaning to, not beginning with '-'; or empty. */
bool words_value_is_plain(const char *value);

#endif
