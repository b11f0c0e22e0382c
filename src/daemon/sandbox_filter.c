/* The system calls of a running daemon (seccomp(2)). Must not know who calls. Why forbidden ones
 * fail, and a few of them end the process: docs/decisions/0008-sandbox.md. */
#include "sandbox.h"

#include <errno.h>

#ifdef AP_SANITIZED

/* Their leak check stops and reads the process, and their allocator calls more than any of this. */
int sandbox_filter_calls(const char **ret_state, struct ap_error *error)
{
    (void)error;
    *ret_state = "off";
    return 0;
}

#else

#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "autoprov/array.h"

/* Those of the daemon's whole life under strace(1), with the calls that other versions of the C
 * library, libuv and SQLite make instead; the system tests run with them. */
static const int ALLOWED[] = {
    /* files; Landlock says which */
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(stat),
    SCMP_SYS(stat64),
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    SCMP_SYS(lstat),
    SCMP_SYS(lstat64),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),
    SCMP_SYS(flock),
    SCMP_SYS(ftruncate),
    SCMP_SYS(ftruncate64),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(fchmod),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(dup),
    SCMP_SYS(dup3),
    SCMP_SYS(pipe2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(fchown), /* SQLite, where root stays root */
    /* sockets; of which families: see below */
    SCMP_SYS(socketpair),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(connect),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    /* waiting and time */
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(msync),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    SCMP_SYS(membarrier),
    /* threads and signals; of which threads: see below */
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* about itself */
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getresuid),
    SCMP_SYS(getresgid),
    SCMP_SYS(getgroups),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrlimit),
    SCMP_SYS(ugetrlimit),
    SCMP_SYS(getrandom),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getcpu),
};

/* No library of ours makes these: whoever does has broken in, and is not to try on. */
static const int DEADLY[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(add_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(request_key),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(pidfd_getfd),
};

/* The C library tries these first, and takes others when they are not there. */
static const int ABSENT[] = {
    SCMP_SYS(clone3), /* its flags lie in memory, which no filter sees: clone(2) is made instead */
    SCMP_SYS(openat2),
    SCMP_SYS(close_range),
};

static int add_list(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    int failed = 0;

    for (size_t i = 0; !failed && i < count; i++) {
        /* One that this machine's kind does not have (-EDOM) needs no rule. */
        failed = seccomp_rule_add(filter, action, calls[i], 0);
        if (failed == -EDOM)
            failed = 0;
    }
    return failed;
}

/* Only with this argument. mask: the bits that are looked at. */
struct narrowed {
    int call;
    unsigned argument;
    uint64_t mask;
    uint64_t value;
};

#define ALL_BITS UINT32_MAX
/* A thread, and in the namespaces of its process. */
#define CLONE_BITS                                                                                 \
    (CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |     \
     CLONE_NEWNET | CLONE_NEWCGROUP)
#ifdef __s390x__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

static const struct narrowed NARROWED[] = {
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_BITS, CLONE_THREAD},
    /* What is written never becomes code. */
    {SCMP_SYS(mmap), 2, PROT_EXEC, 0},
    {SCMP_SYS(mmap2), 2, PROT_EXEC, 0},
    {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
    {SCMP_SYS(socket), 0, ALL_BITS, AF_UNIX},
    {SCMP_SYS(socket), 0, ALL_BITS, AF_INET},
    {SCMP_SYS(socket), 0, ALL_BITS, AF_INET6},
    {SCMP_SYS(ioctl), 1, ALL_BITS, FIONBIO},
    {SCMP_SYS(ioctl), 1, ALL_BITS, FIONREAD},
    {SCMP_SYS(ioctl), 1, ALL_BITS, FIOCLEX},
    {SCMP_SYS(ioctl), 1, ALL_BITS, TCGETS}, /* is standard error a terminal? */
    {SCMP_SYS(prctl), 0, ALL_BITS, PR_SET_NAME},
    {SCMP_SYS(prctl), 0, ALL_BITS, PR_GET_NAME},
    {SCMP_SYS(prlimit64), 2, UINT64_MAX, 0}, /* limits are read, not set */
};

static int add_narrowed(scmp_filter_ctx filter)
{
    int failed = 0;

    for (size_t i = 0; !failed && i < AP_COUNT(NARROWED); i++) {
        const struct narrowed *rule = &NARROWED[i];
        failed =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, rule->call, 1,
                             SCMP_CMP(rule->argument, SCMP_CMP_MASKED_EQ, rule->mask, rule->value));
        if (failed == -EDOM)
            failed = 0;
    }
    /* abort(3) signals itself. */
    if (!failed)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_CMP(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    return failed;
}

int sandbox_filter_calls(const char **ret_state, struct ap_error *error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (!filter)
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    /* A tree instead of a row: some ten comparisons for a call, not a hundred. */
    if (!failed)
        failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!failed)
        failed = add_list(filter, SCMP_ACT_ALLOW, ALLOWED, AP_COUNT(ALLOWED));
    if (!failed)
        failed = add_list(filter, SCMP_ACT_KILL_PROCESS, DEADLY, AP_COUNT(DEADLY));
    if (!failed)
        failed = add_list(filter, SCMP_ACT_ERRNO(ENOSYS), ABSENT, AP_COUNT(ABSENT));
    if (!failed)
        failed = add_narrowed(filter);
    bool is_absent = false;
    if (!failed) {
        failed = seccomp_load(filter);
        is_absent = failed == -ENOSYS || failed == -EOPNOTSUPP;
    }
    seccomp_release(filter);
    if (failed && !is_absent)
        return ap_error_set(error, AP_EIO, "seccomp: %s; 'sandbox = no' goes without",
                            strerror(-failed));
    *ret_state = is_absent ? "none" : "on";
    return 0;
}

#endif
