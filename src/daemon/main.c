/* autoprovd: arguments, process attributes, exit codes. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <uv.h>

#include "autoprov/config.h"
#include "autoprov/log.h"
#include "autoprov/secret.h"
#include "autoprov/snapshot.h"
#include "daemon.h"

#define EXIT_USAGE 2
/* EX_CONFIG of sysexits.h: systemd does not start again (RestartPreventExitStatus=78). */
#define EXIT_CONFIG 78

static const char USAGE[] =
    "Usage: autoprovd [--config FILE] [--check | --version | --help]\n"
    "\n"
    "Serves SIP phones their configuration over HTTPS.\n"
    "\n"
    "  -c, --config FILE  configuration (default " CONFIG_DEFAULT_PATH ")\n"
    "  -t, --check        check the configuration, certificates and templates, then exit\n"
    "  -V, --version      versions of this program and its libraries\n"
    "  -h, --help         this text\n"
    "\n"
    "Signals: SIGHUP reloads, SIGTERM stops after the answers in hand, a second SIGTERM at once.\n"
    "Exit status: 0 stopped, 1 port in use or disk failing (starting again may help), 2 usage,\n"
    "78 configuration or database.\n"
    "See autoprovctl --help, and docs/operations.md.\n";

static void harden_process(void)
{
    daemon_hide_memory();
    (void)umask(0077);
    (void)signal(SIGPIPE, SIG_IGN);
    json_set_alloc_funcs(malloc, secret_free);
}

static void print_version(void)
{
    printf("autoprovd %s\n"
           "libmicrohttpd %s, %s, SQLite %s, libuv %s, jansson %s\n",
           AP_VERSION, MHD_get_version(), OpenSSL_version(OPENSSL_VERSION), sqlite3_libversion(),
           uv_version_string(), JANSSON_VERSION);
}

static int run(const char *config_path, int check)
{
    struct ap_error error = {{0}};
    int err = check ? snapshot_check(config_path, &error) : daemon_run(config_path, &error);

    if (err) {
        fprintf(stderr, "autoprovd: %s\n", error.text);
        return err == AP_EIO || err == AP_EBUSY || err == AP_ENOMEM ? EXIT_FAILURE : EXIT_CONFIG;
    }
    if (check)
        printf("%s: configuration, certificates and templates are valid\n", config_path);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 't'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *config_path = CONFIG_DEFAULT_PATH;
    int check = 0;
    int option;

    harden_process();
    /* Before anything else of OpenSSL: the system's openssl.cnf has no say in our TLS. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        fputs("autoprovd: OpenSSL cannot be used\n", stderr);
        return EXIT_FAILURE;
    }
    while ((option = getopt_long(argc, argv, "c:tVh", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'c':
            config_path = optarg;
            break;
        case 't':
            check = 1;
            break;
        case 'V':
            print_version();
            return 0;
        case 'h':
            fputs(USAGE, stdout);
            return 0;
        default:
            fputs("Try 'autoprovd --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "autoprovd: unexpected argument '%s'\nTry 'autoprovd --help'.\n",
                argv[optind]);
        return EXIT_USAGE;
    }
    return run(config_path, check);
}
