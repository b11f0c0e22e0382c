/* What a mistyped word was meant to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "ctl_private.h"

static void test_only_a_near_word_is_guessed_and_the_nearest_wins(void **state)
{
    static const char *const WORDS[] = {"user", "phone", "add", "account", "external-id", "list"};
    static const struct {
        const char *word;
        const char *best;
    } ROWS[] = {
        {"usr", "user"},
        {"users", "user"},
        {"uesr", "user"},
        {"User", "user"},
        {"phnoe", "phone"},
        {"acount", "account"},
        {"ad", "add"},
        {"extern-id", "external-id"},
        {"external_id", "external-id"},
        {"lst", "list"},
        {"nonsense", NULL},
        {"", NULL},
        {"x", NULL},
        {"external-ids-of-all-the-phones-here", NULL},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct ctl_guess guess = {.word = ROWS[i].word, .len = strlen(ROWS[i].word)};
        for (size_t j = 0; j < AP_COUNT(WORDS); j++)
            ctl_guess_offer(&guess, WORDS[j]);
        if (ROWS[i].best ? !guess.best || strcmp(guess.best, ROWS[i].best) != 0 : !!guess.best)
            fail_msg("'%s': %s", ROWS[i].word, guess.best ? guess.best : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_a_near_word_is_guessed_and_the_nearest_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
