#include "support/alloc_fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static unsigned long fail_at;
static int fail_on;
static unsigned long seen;
static bool failed;

void alloc_fault_arm(unsigned long nth, int persistent)
{
    fail_at = nth;
    fail_on = persistent;
    seen = 0;
    failed = false;
}

unsigned long alloc_fault_count(void)
{
    return seen;
}

static bool must_fail(void)
{
    seen++;
    if (fail_at == 0 || seen < fail_at || (seen > fail_at && !fail_on))
        return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return must_fail() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return must_fail() ? NULL : __real_strndup(text, len);
}

unsigned long alloc_fault_run(int (*scenario)(void *data), void *data)
{
    unsigned long runs = 0;

    for (int persistent = 0; persistent < 2; persistent++) {
        for (unsigned long nth = 1;; nth++) {
            alloc_fault_arm(nth, persistent);
            int err = scenario(data);
            bool reached = failed;
            alloc_fault_arm(0, 0);
            runs++;
            if (reached)
                continue;
            if (err != 0)
                return 0;
            break;
        }
    }
    return runs;
}
