/* What a mistyped word was meant to be. Must not know the commands. */
#include <string.h>

#include "ctl_private.h"

/* Words of the command line are shorter; longer ones are no slip of the finger. */
#define WORD_MAX 32

/* Levenshtein's distance, by one row. */
static size_t distance_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[WORD_MAX + 1];

    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 0; i < a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j + 1] = diagonal + 1 < best ? diagonal + 1 : best;
        }
    }
    return row[b_len];
}

void ctl_guess_offer(struct ctl_guess *guess, const char *candidate)
{
    size_t len = strlen(candidate);

    if (len > WORD_MAX || guess->len > WORD_MAX)
        return;
    size_t distance = distance_of(guess->word, guess->len, candidate, len);
    size_t limit = len < 4 ? 1 : 2;
    if (distance <= limit && (!guess->best || distance < guess->distance)) {
        guess->best = candidate;
        guess->distance = distance;
    }
}
