/* Time and allocations of one rendering as the daemon does it: a Yealink with six lines and 60
 * keys, the shipped catalogue and template, from the phone's row to the whole file; and its two
 * halves, the view and the template. Beside it a plain copy of the same bytes. Rounds alternate;
 * medians count. Prints a Markdown table. Build types with sanitizers or without optimization mean
 * nothing.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/rendering.h"
#include "support/alloc_fault.h"

#define LINES    6
#define KEYS     60
#define ROUNDS   101
#define PER_TURN 100 /* renderings between two looks at the clock */

struct bench {
    struct rendering *rendering;
    struct rendering_job job;
    struct phone_view_source source;
    struct value view; /* made once, for the template alone */
    struct arena arena, view_arena;
    struct buf body;
    char *copy;
};

/* -- the phone --------------------------------------------------------------------------------- */

static char sip_users[LINES][8];
static struct store_line lines[LINES];
static char key_values[KEYS][8], key_labels[KEYS][24];
static struct store_key keys[KEYS];
static struct store_setting settings[] = {
    {.scope = STORE_SCOPE_GLOBAL, .scope_id = "", .name = "time_zone", .value = "Europe/Berlin"},
    {.scope = STORE_SCOPE_GLOBAL, .scope_id = "", .name = "codecs", .value = "opus,G722,PCMA,PCMU"},
    {.scope = STORE_SCOPE_VENDOR, .scope_id = "yealink", .name = "language", .value = "de"},
    {.scope = STORE_SCOPE_USER,
     .scope_id = "",
     .name = "admin_password",
     .value = "Kq2mP9vR",
     .secret = true},
};
static struct store_phone phone = {.mac = {0x00, 0x15, 0x65, 0x11, 0x22, 0x33},
                                   .user_name = "alice",
                                   .user_display_name = "Alice Example",
                                   .vendor = "yealink",
                                   .model = "",
                                   .label = "Reception",
                                   .enabled = true,
                                   .lines = lines,
                                   .line_count = LINES,
                                   .settings = settings,
                                   .setting_count = AP_COUNT(settings),
                                   .keys = keys,
                                   .key_count = KEYS};

static void make_phone(void)
{
    for (uint32_t i = 0; i < LINES; i++) {
        (void)snprintf(sip_users[i], sizeof(sip_users[i]), "%u", 2001 + i);
        lines[i] = (struct store_line){.position = i + 1,
                                       .account = {.sip_user = sip_users[i],
                                                   .domain = "pbx.example.com",
                                                   .auth_user = "",
                                                   .display_name = "Reception Desk",
                                                   .registrar_host = "registrar.example.com",
                                                   .registrar_port = 5061,
                                                   .transport = STORE_TRANSPORT_TLS,
                                                   .outbound_proxy = "sbc.example.com:5061",
                                                   .expires_s = 3600,
                                                   .password = "x7Kq2mP9vR4tW8zL"}};
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        (void)snprintf(key_values[i], sizeof(key_values[i]), "%u", 3001 + i);
        (void)snprintf(key_labels[i], sizeof(key_labels[i]), "Colleague %u", i + 1);
        keys[i] = (struct store_key){.position = i + 1,
                                     .type = i % 3 == 0 ? "speed_dial" : "blf",
                                     .value = key_values[i],
                                     .label = key_labels[i],
                                     .line = i % LINES + 1};
    }
}

static int set_up(struct bench *bench, const char *templates, const char *vendors)
{
    static const struct token TOKEN = {.text = "0123456789abcdef0123456789abcdef", .len = 32};
    const struct rendering_folders folders = {.templates = templates,
                                              .custom_templates = "/nonexistent",
                                              .vendors = vendors,
                                              .custom_vendors = "/nonexistent"};
    struct ap_error error = {{0}};

    if (rendering_load(&folders, &bench->rendering, &error) != 0) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    make_phone();
    const struct catalogue_vendor *vendor =
        catalogue_vendor(bench->rendering->catalogue, "yealink");
    if (!vendor)
        return 1;
    bench->job = (struct rendering_job){.vendor = vendor,
                                        .file = &vendor->files[0],
                                        .phone = &phone,
                                        .public_url = "https://pbx.example.com",
                                        .prefix = "/provision",
                                        .token = &TOKEN};
    bench->source = (struct phone_view_source){.catalogue = bench->rendering->catalogue,
                                               .vendor = vendor,
                                               .phone = &phone,
                                               .public_url = bench->job.public_url,
                                               .prefix = bench->job.prefix,
                                               .token = &TOKEN};
    arena_init(&bench->arena, AP_REQUEST_ARENA_MAX_BYTES);
    arena_init(&bench->view_arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init(&bench->body, AP_BODY_MAX_BYTES);
    return phone_view_build(&bench->source, &bench->view_arena, &bench->view, &error) != 0;
}

/* -- what is measured -------------------------------------------------------------------------- */

/* As a worker does it: an arena that keeps its block, a body with room for most files. */
static int run_whole(struct bench *bench)
{
    struct ap_error error;

    arena_reset(&bench->arena);
    buf_reset(&bench->body);
    return rendering_render(bench->rendering, &bench->job, &bench->arena, &bench->body, &error);
}

static int run_view(struct bench *bench)
{
    struct ap_error error;
    struct value view;

    arena_reset(&bench->arena);
    return phone_view_build(&bench->source, &bench->arena, &view, &error);
}

static int run_template(struct bench *bench)
{
    buf_reset(&bench->body);
    return template_render(rendering_template(bench->rendering, &bench->job),
                           bench->job.file->dialect, &bench->view, &bench->body);
}

static int run_copy(struct bench *bench)
{
    /* The compiler must not see that the copy is never read. */
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;

    (void)copy(bench->copy, bench->body.data, bench->body.len);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct bench *bench);
} WORK[] = {
    {"whole rendering", run_whole},
    {"of it the view", run_view},
    {"of it the template", run_template},
    {"copy of the same bytes", run_copy},
};

static uint64_t cpu_ns(void)
{
    struct timespec time;

    /* Of this process: others share the cores. Cannot fail with this clock. */
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

static int measure(struct bench *bench)
{
    static uint64_t times[AP_COUNT(WORK)][ROUNDS];

    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < AP_COUNT(WORK); i++) {
            uint64_t begin = cpu_ns();
            for (int turn = 0; turn < PER_TURN; turn++) {
                if (WORK[i].run(bench) != 0)
                    return 1;
            }
            times[i][round] = (cpu_ns() - begin) / PER_TURN;
        }
    }
    printf("Yealink, %d lines, %d keys: a file of %zu bytes\n\n", LINES, KEYS, bench->body.len);
    printf("| | microseconds of CPU, median | allocations |\n|---|---|---|\n");
    for (size_t i = 0; i < AP_COUNT(WORK); i++) {
        alloc_fault_arm(0, 0);
        if (WORK[i].run(bench) != 0)
            return 1;
        qsort(times[i], ROUNDS, sizeof(times[i][0]), by_number);
        printf("| %s | %.2f | %lu |\n", WORK[i].name, (double)times[i][ROUNDS / 2] / 1000,
               alloc_fault_count());
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = {.rendering = NULL};

    if (argc != 3) {
        fprintf(stderr, "usage: render_bench TEMPLATES_FOLDER VENDORS_FOLDER\n");
        return 2;
    }
    if (set_up(&bench, argv[1], argv[2]) != 0 || run_whole(&bench) != 0) {
        fprintf(stderr, "the phone's file cannot be rendered\n");
        return 1;
    }
    bench.copy = malloc(bench.body.len);
    int code = bench.copy ? measure(&bench) : 1;
    free(bench.copy);
    buf_done(&bench.body);
    arena_done(&bench.arena);
    arena_done(&bench.view_arena);
    rendering_free(bench.rendering);
    return code;
}
