/* The command line: which command, which arguments. Never a secret among them. */
#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/config.h"
#include "ctl_private.h"

const char *ctl_arg(const struct ctl_args *args, const char *name)
{
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->names[i], name) == 0)
            return args->values[i];
    }
    return NULL;
}

static bool noun_exists(const char *noun)
{
    for (const struct ctl_command *command = CTL_COMMANDS; command->noun; command++) {
        if (strcmp(command->noun, noun) == 0)
            return true;
    }
    return false;
}

const struct ctl_command *ctl_find_command(const char *noun, const char *verb)
{
    for (const struct ctl_command *command = CTL_COMMANDS; command->noun; command++) {
        if (strcmp(command->noun, noun) != 0)
            continue;
        if (verb ? command->verb && strcmp(command->verb, verb) == 0 : !command->verb)
            return command;
    }
    return NULL;
}

static int usage(const char *text, const char *what)
{
    return ctl_fail(CTL_USAGE, "%s '%s'; try: autoprovctl --help", text, what);
}

/* prefix: "--" of options, or "". */
static int usage_guess(const char *text, const char *what, const char *prefix,
                       const struct ctl_guess *guess)
{
    if (!guess->best)
        return usage(text, what);
    return ctl_fail(CTL_USAGE, "%s '%s'; did you mean '%s%s'?", text, what, prefix, guess->best);
}

static int unknown_noun(const char *word)
{
    struct ctl_guess guess = {.word = word, .len = strlen(word)};

    for (const struct ctl_command *command = CTL_COMMANDS; command->noun; command++)
        ctl_guess_offer(&guess, command->noun);
    ctl_guess_offer(&guess, "help");
    return usage_guess("unknown command", word, "", &guess);
}

static int unknown_verb(const char *noun, const char *word)
{
    struct ctl_guess guess = {.word = word, .len = strlen(word)};

    for (const struct ctl_command *command = CTL_COMMANDS; command->noun; command++) {
        if (strcmp(command->noun, noun) == 0 && command->verb)
            ctl_guess_offer(&guess, command->verb);
    }
    return usage_guess("unknown verb", word, "", &guess);
}

/* word: with its "--"; the name is its first len bytes behind them. */
static int unknown_option(const struct ctl_command *command, const char *word, size_t len)
{
    static const char *const EVERYWHERE[] = {"config", "socket", "json", "help", "version"};
    struct ctl_guess guess = {.word = word + 2, .len = len};

    for (const struct ctl_option *option = command ? command->options : NULL;
         option && option->name; option++)
        ctl_guess_offer(&guess, option->name);
    for (size_t i = 0; i < AP_COUNT(EVERYWHERE); i++)
        ctl_guess_offer(&guess, EVERYWHERE[i]);
    return usage_guess("unknown option", word, "--", &guess);
}

static const struct ctl_option *find_option(const struct ctl_command *command, const char *name,
                                            size_t len)
{
    for (const struct ctl_option *option = command ? command->options : NULL;
         option && option->name; option++) {
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
            return option;
    }
    return NULL;
}

/* One walk over the words; the command must be known before its own options are. */
struct walk {
    int argc;
    char **argv;
    int at;
    struct ctl_args *args;
    const struct ctl_command *command;
    const char *noun;
    bool help;
    bool version;
    bool only_positionals; /* after "--" */
};

/* The value of an option: behind its '=', or the next word. */
static const char *take_value(struct walk *walk, const char *equals)
{
    if (equals)
        return equals + 1;
    return walk->at + 1 < walk->argc ? walk->argv[++walk->at] : NULL;
}

static bool is_word(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(name, word, len) == 0;
}

/* --config and --socket. */
static int take_global_value(struct walk *walk, bool config, const char *equals)
{
    const char *option = config ? "--config" : "--socket";

    if (config ? walk->args->config_given : walk->args->socket_path != NULL)
        return usage("option given twice:", option);
    const char *value = take_value(walk, equals);
    if (!value)
        return usage("a value is missing behind", option);
    if (config) {
        walk->args->config_path = value;
        walk->args->config_given = true;
    } else {
        walk->args->socket_path = value;
    }
    return CTL_OK;
}

static int take_global(struct walk *walk, const char *name, size_t len, const char *equals,
                       bool *ret_taken)
{
    const struct {
        const char *name;
        bool *target;
    } switches[] = {
        {"help", &walk->help}, {"version", &walk->version}, {"json", &walk->args->json}};

    *ret_taken = true;
    for (size_t i = 0; i < AP_COUNT(switches); i++) {
        if (!is_word(name, len, switches[i].name))
            continue;
        if (equals)
            return usage("this option takes no value:", name - 2);
        *switches[i].target = true;
        return CTL_OK;
    }
    if (is_word(name, len, "config") || is_word(name, len, "socket"))
        return take_global_value(walk, name[0] == 'c', equals);
    *ret_taken = false;
    return CTL_OK;
}

static int take_option(struct walk *walk, const char *word)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    bool taken;
    int code = take_global(walk, name, len, equals, &taken);

    if (code != CTL_OK || taken)
        return code;
    const struct ctl_option *option = find_option(walk->command, name, len);
    if (!option)
        return unknown_option(walk->command, word, len);
    if (walk->args->option_count == CTL_OPTIONS_MAX)
        return usage("too many options at", word);
    if (ctl_arg(walk->args, option->name))
        return usage("option given twice:", word);
    const char *value = "";
    if (option->value)
        value = take_value(walk, equals);
    else if (equals)
        return usage("this option takes no value:", word);
    if (!value)
        return usage("a value is missing behind", word);
    walk->args->names[walk->args->option_count] = option->name;
    walk->args->values[walk->args->option_count++] = value;
    return CTL_OK;
}

static int take_word(struct walk *walk, const char *word)
{
    if (!walk->noun) {
        if (strcmp(word, "help") == 0) {
            walk->help = true;
            return CTL_OK;
        }
        if (!noun_exists(word))
            return unknown_noun(word);
        walk->noun = word;
        walk->command = ctl_find_command(word, NULL);
        return CTL_OK;
    }
    if (!walk->command) {
        walk->command = ctl_find_command(walk->noun, word);
        return walk->command ? CTL_OK : unknown_verb(walk->noun, word);
    }
    /* A noun that is a command by itself may have verbs too. */
    if (!walk->command->verb && walk->args->positional_count == 0 &&
        walk->args->option_count == 0 && ctl_find_command(walk->noun, word)) {
        walk->command = ctl_find_command(walk->noun, word);
        return CTL_OK;
    }
    if (walk->args->positional_count >= walk->command->max_positionals)
        return usage("unexpected argument", word);
    walk->args->positionals[walk->args->positional_count++] = word;
    return CTL_OK;
}

static int take(struct walk *walk, const char *word)
{
    if (walk->only_positionals || word[0] != '-' || word[1] == '\0')
        return take_word(walk, word);
    if (strcmp(word, "--") == 0) {
        walk->only_positionals = true;
        return CTL_OK;
    }
    if (strcmp(word, "-h") == 0)
        return take_option(walk, "--help");
    if (strcmp(word, "-V") == 0)
        return take_option(walk, "--version");
    if (strcmp(word, "-c") == 0)
        return take_option(walk, "--config");
    if (word[1] != '-')
        return usage("unknown option", word);
    return take_option(walk, word);
}

static void print_verbs(const char *noun)
{
    for (const struct ctl_command *command = CTL_COMMANDS; command->noun; command++) {
        if (strcmp(command->noun, noun) == 0) {
            ctl_print_command_help(command);
            fputs("\n", stdout);
        }
    }
}

int ctl_args_parse(int argc, char **argv, struct ctl_args *ret_args,
                   const struct ctl_command **ret_command)
{
    struct walk walk = {.argc = argc, .argv = argv, .args = ret_args};

    *ret_args = (struct ctl_args){.config_path = CONFIG_DEFAULT_PATH};
    *ret_command = NULL;
    for (walk.at = 1; walk.at < argc; walk.at++) {
        int code = take(&walk, argv[walk.at]);
        if (code != CTL_OK)
            return code;
    }
    if (walk.version) {
        printf("autoprovctl %s\n", AP_VERSION);
        return CTL_OK;
    }
    if (walk.help || argc == 1) {
        if (walk.command)
            ctl_print_command_help(walk.command);
        else if (walk.noun)
            print_verbs(walk.noun);
        else
            ctl_print_help();
        return argc == 1 ? CTL_USAGE : CTL_OK;
    }
    if (!walk.noun)
        return ctl_fail(CTL_USAGE, "a command is missing; try: autoprovctl --help");
    if (!walk.command)
        return ctl_fail(CTL_USAGE, "a verb is missing behind '%s'; try: autoprovctl %s --help",
                        walk.noun, walk.noun);
    if (ret_args->positional_count < walk.command->min_positionals)
        return ctl_fail(CTL_USAGE, "missing argument; usage: autoprovctl %s%s%s %s",
                        walk.command->noun, walk.command->verb ? " " : "",
                        walk.command->verb ? walk.command->verb : "", walk.command->positionals);
    *ret_command = walk.command;
    return CTL_OK;
}
