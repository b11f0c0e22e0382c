/* resync …, phone resync, user resync: make phones fetch, and see whether they have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl_private.h"

#define POLL_NS 250000000L
/* A phone answers, or has not answered, within 32 s; through a program within two minutes. */
#define PHONE_POLLS (130 * 4)
/* A program that is at work takes an order at once. */
#define HINT_POLLS (5 * 4)
#define BAR_WIDTH  30
#define PERCENTS   100

static const struct ctl_column ORDERS[] = {
    {"order", "ORDER"},
    {"of", "OF"},
    {"state", "STATE"},
    {"kind", "KIND"},
    {"phones", "PHONES"},
    {"asked", "TOLD"},
    {"waiting", "WAITING"},
    {"accepted", "ACCEPTED"},
    {"refused", "REFUSED"},
    {"unreachable", "UNREACHABLE"},
    {"failed", "FAILED"},
    {"fetched", "FETCHED"},
    {"ordered_at", "SINCE"},
    {"ended_at", "ENDED"},
    {0},
};
static const struct ctl_column PHONES[] = {
    {"mac", "MAC"},
    {"user", "USER"},
    {"kind", "KIND"},
    {"via", "VIA"},
    {"target", "TARGET"},
    {"outcome", "OUTCOME"},
    {"status", "STATUS"},
    {"why", "WHY"},
    {"asked_at", "TOLD"},
    {"fetched_at", "FETCHED"},
    {0},
};

static json_int_t number_of(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static json_int_t outcome_of(const json_t *order, const char *name)
{
    return number_of(json_object_get(order, "outcomes"), name);
}

static json_int_t accepted_of(const json_t *order)
{
    return outcome_of(order, "accepted") + outcome_of(order, "challenged");
}

static json_int_t failed_of(const json_t *order)
{
    return outcome_of(order, "failed") + outcome_of(order, "no_target") +
           outcome_of(order, "cancelled");
}

/* -- progress ---------------------------------------------------------------------------------- */

static void show_bar(const json_t *order)
{
    json_int_t told = number_of(order, "asked") + number_of(order, "passed_over");
    json_int_t phones = number_of(order, "phones");
    int percent = phones > 0 ? (int)(told * PERCENTS / phones) : 0;
    char bar[BAR_WIDTH + 1];

    percent = percent > PERCENTS ? PERCENTS : percent; /* phones may be added meanwhile */
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)(percent * BAR_WIDTH / PERCENTS));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %lld told, %lld accepted, %lld waiting, %lld fetched ", bar,
            (long long)number_of(order, "asked"), (long long)accepted_of(order),
            (long long)outcome_of(order, "waiting"), (long long)number_of(order, "fetched"));
    (void)fflush(stderr); /* the next one tries again */
}

static void clear_bar(void)
{
    fprintf(stderr, "\r%*s\r", BAR_WIDTH + 70, "");
}

/* *ret_order: the caller's; NULL: so many came after it that the daemon does not tell of it. */
static int get_order(const struct ctl_args *args, json_int_t number, json_t **ret_order)
{
    json_t *answer = NULL, *order;
    size_t i;
    int code = ctl_call(args, "GET", "/resyncs/status", NULL, &answer);

    *ret_order = NULL;
    json_array_foreach(json_object_get(answer, "items"), i, order)
    {
        if (number_of(order, "order") == number)
            *ret_order = json_incref(order);
    }
    json_decref(answer);
    return code;
}

/* Until it has ended; *ret_order is its last word. */
static int wait_for_end(const struct ctl_args *args, json_int_t number, json_t **ret_order)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    json_t *order = NULL;
    int code;

    do {
        json_decref(order);
        (void)nanosleep(&pause, NULL); /* cut short asks sooner */
        code = get_order(args, number, &order);
        if (code == CTL_OK && order && is_terminal)
            show_bar(order);
    } while (code == CTL_OK && order && number_of(order, "ended_at") == 0);
    if (is_terminal)
        clear_bar();
    *ret_order = order;
    return code;
}

static int print_order(const struct ctl_args *args, const json_t *order)
{
    static const char *const OUTCOMES[] = {"refused", "unreachable", "no_target", "failed",
                                           "cancelled"};
    json_int_t told = number_of(order, "asked"), accepted = accepted_of(order);
    const char *worst = "";

    for (size_t i = 0; accepted < told && i < sizeof(OUTCOMES) / sizeof(OUTCOMES[0]); i++) {
        if (!worst[0] || outcome_of(order, OUTCOMES[i]) > outcome_of(order, worst))
            worst = OUTCOMES[i];
    }
    if (args->json)
        ctl_print_json(order);
    else
        printf("%lld phone%s told: %lld accepted, %lld refused, %lld unreachable, %lld failed; "
               "%lld fetched so far%s%s\n",
               (long long)told, told == 1 ? "" : "s", (long long)accepted,
               (long long)outcome_of(order, "refused"), (long long)outcome_of(order, "unreachable"),
               (long long)failed_of(order), (long long)number_of(order, "fetched"),
               accepted == told ? "" : "; which and why: autoprovctl resync status --outcome ",
               worst);
    return accepted == told ? CTL_OK : CTL_FAILED;
}

/* body: taken over. */
static int order_many(const struct ctl_args *given, json_t *body)
{
    struct ctl_args args = *given; /* the socket is looked for once */
    char socket[CTL_SOCKET_PATH_MAX];
    json_t *answer = NULL, *order = NULL;
    bool waits = ctl_arg(given, "wait") || isatty(STDERR_FILENO) == 1;
    int code = ctl_find_socket(given, socket, sizeof(socket));

    args.socket_path = socket;
    if (code == CTL_OK)
        code = ctl_call(&args, "POST", "/resyncs", body, &answer);
    else
        json_decref(body);
    json_int_t number = number_of(answer, "order");
    if (code == CTL_OK && waits)
        code = wait_for_end(&args, number, &order);
    if (code == CTL_OK && order)
        code = print_order(&args, order);
    else if (code == CTL_OK && args.json)
        ctl_print_json(answer);
    else if (code == CTL_OK)
        printf("order %lld is at work; how far it is: autoprovctl resync status\n",
               (long long)number);
    json_decref(answer);
    json_decref(order);
    return code;
}

static int add_kind(const struct ctl_args *args, json_t *body)
{
    bool reboot = ctl_arg(args, "reboot") != NULL, url = ctl_arg(args, "url") != NULL;
    const char *kind = reboot ? "reboot" : url ? "url" : "resync";

    if (reboot && url)
        return ctl_fail(CTL_USAGE, "either --reboot or --url");
    return json_object_set_new(body, "kind", json_string(kind)) == 0
               ? CTL_OK
               : ctl_fail(CTL_FAILED, "out of memory");
}

int ctl_resync(const struct ctl_args *args)
{
    bool stale = ctl_arg(args, "stale") != NULL, all = ctl_arg(args, "all") != NULL;
    json_t *body;
    int code;

    if (stale == all)
        return ctl_fail(CTL_USAGE, "give --stale or --all; one phone's: autoprovctl phone resync "
                                   "MAC; a user's: autoprovctl user resync USER");
    body = json_pack("{s:b}", stale ? "stale" : "all", 1);
    code = body ? add_kind(args, body) : ctl_fail(CTL_FAILED, "out of memory");
    if (code == CTL_OK)
        code = ctl_add_number(args, "rate", "rate", body);
    if (code == CTL_OK)
        return order_many(args, body);
    json_decref(body);
    return code;
}

int ctl_user_resync(const struct ctl_args *args)
{
    json_t *body = json_pack("{s:s}", "user", args->positionals[0]);
    int code = body ? add_kind(args, body) : ctl_fail(CTL_INVALID, "an argument is not UTF-8");

    if (code == CTL_OK)
        return order_many(args, body);
    json_decref(body);
    return code;
}

/* -- one phone --------------------------------------------------------------------------------- */

static bool is_word(const json_t *row, const char *outcome)
{
    const char *is = json_string_value(json_object_get(row, "outcome"));

    return is && strcmp(is, outcome) == 0;
}

/* The phone's row of that order, once it says how it ended. */
static int wait_for_phone(const struct ctl_args *args, const char *mac, json_int_t number,
                          json_t **ret_row)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    char *path = ctl_path("/resyncs?mac={}", mac);
    int code = path ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    *ret_row = NULL;
    for (int polls = 0; code == CTL_OK && !*ret_row && polls < PHONE_POLLS; polls++) {
        json_t *answer = NULL;
        (void)nanosleep(&pause, NULL); /* cut short asks sooner */
        code = ctl_call(args, "GET", path, NULL, &answer);
        json_t *row = json_array_get(json_object_get(answer, "items"), 0);
        const char *via = json_string_value(json_object_get(row, "via"));
        if (polls == HINT_POLLS && via && strcmp(via, "external") == 0 && is_word(row, "waiting"))
            fprintf(stderr, "waiting for a program to tell the phone: autoprovctl notifier, as in "
                            "autoprovd-notifier.service\n");
        if (row && number_of(row, "order") >= number && !is_word(row, "waiting"))
            *ret_row = json_incref(row);
        json_decref(answer);
    }
    free(path);
    return code;
}

/* By STORE_RESYNC_WHY's names. */
static const char *words_of(const char *why)
{
    static const struct {
        const char *why, *words;
    } WORDS[] = {
        {"no_event", "its vendor's phones cannot be told so, or the vendor has left the catalogue"},
        {"no_url", "its vendor's phones cannot be given a URL so"},
        {"bad_contact", "its contact cannot be sent to; autoprovctl phone set MAC --sip-contact"},
        {"not_sent", "no way leads there from this machine; look with: ip route get ADDRESS"},
        {"not_taken",
         "no program asked for it within ten minutes: is autoprovctl notifier at work?"},
        {"not_reported", "the program took it twice and never said what became of it"},
        {"program", "the program said that it failed; its own log tells why"},
    };

    for (size_t i = 0; why && i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (strcmp(WORDS[i].why, why) == 0)
            return WORDS[i].words;
    }
    return NULL;
}

static int print_phone(const struct ctl_args *args, const char *mac, const json_t *row)
{
    const char *outcome = json_string_value(json_object_get(row, "outcome"));
    const char *target = json_string_value(json_object_get(row, "target"));
    json_int_t status = number_of(row, "status");
    const char *why = words_of(json_string_value(json_object_get(row, "why")));
    bool accepted = is_word(row, "accepted") || is_word(row, "challenged");

    if (args->json)
        ctl_print_json(row);
    else if (accepted)
        printf("phone %s at %s has accepted%s; whether it fetches: autoprovctl resync status\n",
               mac, target && target[0] ? target : "the PBX",
               is_word(row, "challenged") ? " after a challenge" : "");
    if (accepted)
        return CTL_OK;
    if (is_word(row, "no_target"))
        return ctl_fail(CTL_FAILED,
                        "where phone %s listens is not known: it never fetched; autoprovctl phone "
                        "set %s --sip-contact sip:USER@ADDRESS",
                        mac, mac);
    if (why)
        return ctl_fail(CTL_FAILED, "phone %s: %s: %s", mac, outcome ? outcome : "?", why);
    if (status > 0)
        return ctl_fail(CTL_FAILED, "phone %s: %s with %lld", mac, outcome ? outcome : "?",
                        (long long)status);
    return ctl_fail(CTL_FAILED, "phone %s: %s%s%s", mac, outcome ? outcome : "?",
                    target && target[0] ? " at " : "", target ? target : "");
}

int ctl_phone_resync(const struct ctl_args *given)
{
    const char *mac = given->positionals[0];
    struct ctl_args args = *given; /* the socket is looked for once */
    char socket[CTL_SOCKET_PATH_MAX];
    json_t *body = json_pack("{s:[s]}", "macs", mac);
    json_t *answer = NULL, *row = NULL;
    int code = body ? add_kind(given, body) : ctl_fail(CTL_INVALID, "an argument is not UTF-8");

    if (code == CTL_OK)
        code = ctl_find_socket(given, socket, sizeof(socket));
    args.socket_path = socket;
    if (code == CTL_OK)
        code = ctl_call(&args, "POST", "/resyncs", body, &answer);
    else
        json_decref(body);
    if (code == CTL_OK)
        code = wait_for_phone(&args, mac, number_of(answer, "order"), &row);
    if (code == CTL_OK)
        code = row ? print_phone(&args, mac, row)
                   : ctl_fail(CTL_FAILED,
                              "phone %s has not answered yet: autoprovctl resync status", mac);
    json_decref(answer);
    json_decref(row);
    return code;
}

/* -- status ------------------------------------------------------------------------------------ */

/* The outcomes as columns, those that are one for people put together. */
static void flatten(json_t *order)
{
    static const char *const SAME[] = {"waiting", "refused", "unreachable"};

    for (size_t i = 0; i < sizeof(SAME) / sizeof(SAME[0]); i++)
        (void)json_object_set_new(order, SAME[i], json_integer(outcome_of(order, SAME[i])));
    const char *state = json_is_true(json_object_get(order, "cancelled")) ? "stopped"
                        : number_of(order, "ended_at") == 0               ? "running"
                                                                          : "done";
    (void)json_object_set_new(order, "state", json_string(state));
    (void)json_object_set_new(order, "accepted", json_integer(accepted_of(order)));
    (void)json_object_set_new(order, "failed", json_integer(failed_of(order)));
}

static int list_phones(const struct ctl_args *args, json_t **ret_rows)
{
    char *path = ctl_path_query(strdup("/resyncs"), "outcome", ctl_arg(args, "outcome"));
    int code;

    path = ctl_path_query(path, "user", ctl_arg(args, "user"));
    code = path ? ctl_call_list(args, path, ret_rows) : ctl_fail(CTL_FAILED, "out of memory");
    free(path);
    return code;
}

static void print_status(const struct ctl_args *args, json_t *orders, const json_t *rows)
{
    json_t *order;
    size_t i;

    if (args->json) {
        json_t *both = json_pack("{s:O, s:O}", "orders", orders, "phones", rows);
        ctl_print_json(both);
        json_decref(both);
        return;
    }
    json_array_foreach(orders, i, order) flatten(order);
    if (json_array_size(orders) > 0) {
        ctl_print_table(args, orders, ORDERS);
        printf("\n");
    }
    ctl_print_table(args, rows, PHONES);
}

int ctl_resync_status(const struct ctl_args *args)
{
    bool is_filtered = ctl_arg(args, "outcome") || ctl_arg(args, "user");
    json_t *answer = NULL, *rows = NULL;
    int code = list_phones(args, &rows);

    if (code == CTL_OK && is_filtered) {
        ctl_print_table(args, rows, PHONES);
    } else if (code == CTL_OK) {
        code = ctl_call(args, "GET", "/resyncs/status", NULL, &answer);
        if (code == CTL_OK)
            print_status(args, json_object_get(answer, "items"), rows);
    }
    json_decref(answer);
    json_decref(rows);
    return code;
}

int ctl_resync_stop(const struct ctl_args *args)
{
    json_t *answer = NULL;
    int code = ctl_call(args, "DELETE", "/resyncs", NULL, &answer);
    json_int_t count = number_of(answer, "stopped");

    if (code == CTL_OK && args->json)
        ctl_print_json(answer);
    else if (code == CTL_OK)
        printf("%lld order%s stopped\n", (long long)count, count == 1 ? "" : "s");
    json_decref(answer);
    return code;
}
