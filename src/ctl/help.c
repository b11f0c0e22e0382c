/* --help, from the table of commands. */
#include <stdio.h>

#include "autoprov/config.h"
#include "ctl_private.h"

void ctl_print_help(void)
{
    fputs("Usage: autoprovctl [--config FILE] [--socket PATH] [--json] COMMAND …\n"
          "\n"
          "Controls autoprovd, the auto-provisioning server for SIP phones.\n"
          "\n"
          "Commands:\n",
          stdout);
    for (const struct ctl_command *command = CTL_COMMANDS; command->noun; command++) {
        char words[64];
        (void)snprintf(words, sizeof(words), "%s%s%s%s%s", command->noun, command->verb ? " " : "",
                       command->verb ? command->verb : "", command->positionals[0] ? " " : "",
                       command->positionals);
        printf("  %-34s %s\n", words, command->help);
    }
    fputs("\n"
          "Options:\n"
          "  -c, --config FILE   configuration (default " CONFIG_DEFAULT_PATH ")\n"
          "      --socket PATH   control socket (default: the configuration's control_socket)\n"
          "      --json          print JSON\n"
          "  -h, --help          this text, or a command's; so does: autoprovctl help COMMAND\n"
          "  -V, --version       version\n"
          "\n"
          "Examples:\n"
          "  autoprovctl user add alice\n"
          "  autoprovctl account add alice 1001@pbx.example.com --password-file secret.txt\n"
          "  autoprovctl phone add alice cc:5e:f6:41:b7:94 --vendor linphone\n"
          "  autoprovctl phone url cc5ef641b794\n"
          "\n"
          "Exit status: 0 ok, 1 failed, 2 usage, 3 not found, 4 exists, 5 invalid, 6 daemon\n"
          "unreachable, 7 not permitted.\n",
          stdout);
}

void ctl_print_command_help(const struct ctl_command *command)
{
    printf("Usage: autoprovctl %s%s%s%s%s%s\n\nTo %s.\n", command->noun, command->verb ? " " : "",
           command->verb ? command->verb : "", command->positionals[0] ? " " : "",
           command->positionals, command->options ? " [OPTIONS]" : "", command->help);
    if (!command->options)
        return;
    fputs("\nOptions:\n", stdout);
    for (const struct ctl_option *option = command->options; option->name; option++) {
        char words[64];
        (void)snprintf(words, sizeof(words), "--%s%s%s", option->name, option->value ? " " : "",
                       option->value ? option->value : "");
        printf("  %-30s %s\n", words, option->help);
    }
}
