/* completion …: scripts for shells, and the words that they offer. All from the table of commands,
 * so that a script never has to change; names are asked of the daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "ctl_private.h"

/* -- scripts ----------------------------------------------------------------------------------- */

int ctl_completion_bash(const struct ctl_args *args)
{
    (void)args;
    fputs("# autoprovctl completion bash > /etc/bash_completion.d/autoprovctl\n"
          "_autoprovctl() {\n"
          "    local IFS=$'\\n'\n"
          "    COMPREPLY=($(autoprovctl completion words -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
          "2>/dev/null))\n"
          "}\n"
          "complete -o default -F _autoprovctl autoprovctl\n",
          stdout);
    return CTL_OK;
}

int ctl_completion_zsh(const struct ctl_args *args)
{
    (void)args;
    fputs("#compdef autoprovctl\n"
          "# autoprovctl completion zsh > /usr/local/share/zsh/site-functions/_autoprovctl\n"
          "_autoprovctl() {\n"
          "    local -a offered\n"
          "    offered=(${(f)\"$(autoprovctl completion words -- \"${(@)words[2,CURRENT]}\" "
          "2>/dev/null)\"})\n"
          "    if (( $#offered )); then compadd -a offered; else _files; fi\n"
          "}\n"
          "compdef _autoprovctl autoprovctl\n",
          stdout);
    return CTL_OK;
}

int ctl_completion_fish(const struct ctl_args *args)
{
    (void)args;
    fputs("# autoprovctl completion fish > /etc/fish/completions/autoprovctl.fish\n"
          "function __autoprovctl_words\n"
          "    set -l words (commandline -opc) (commandline -ct)\n"
          "    autoprovctl completion words -- $words[2..-1] 2>/dev/null\n"
          "end\n"
          "complete -c autoprovctl -a '(__autoprovctl_words)'\n",
          stdout);
    return CTL_OK;
}

/* -- what the words so far are ----------------------------------------------------------------- */

struct line {
    struct ctl_args args; /* --config and --socket as they stand on the line */
    const char *noun;
    const struct ctl_command *command; /* NULL: not known yet */
    const struct ctl_option *value_of; /* the last word is the value of this option */
    bool global_value;                 /* or of --config, --socket */
    size_t positionals;                /* before the last word */
    const char *last;                  /* what is being typed; may be "" */
};

static const struct ctl_option *option_of(const struct ctl_command *command, const char *word)
{
    for (const struct ctl_option *option = command ? command->options : NULL;
         option && option->name; option++) {
        if (strcmp(option->name, word + 2) == 0)
            return option;
    }
    return NULL;
}

/* Returns how many words it took. */
static size_t take_option(struct line *line, const char *const *words, size_t left)
{
    const struct ctl_option *option = option_of(line->command, words[0]);
    bool config = strcmp(words[0], "--config") == 0 || strcmp(words[0], "-c") == 0;
    bool socket = strcmp(words[0], "--socket") == 0;

    if (!config && !socket && (!option || !option->value))
        return 1;
    if (left == 1) { /* its value is being typed */
        line->value_of = option;
        line->global_value = !option;
        return 1;
    }
    if (config) {
        line->args.config_path = words[1];
        line->args.config_given = true;
    } else if (socket) {
        line->args.socket_path = words[1];
    }
    return 2;
}

static void take_word(struct line *line, const char *word)
{
    if (!line->noun) {
        line->noun = word;
        line->command = ctl_find_command(word, NULL);
    } else if (!line->command || (!line->command->verb && ctl_find_command(line->noun, word))) {
        line->command = ctl_find_command(line->noun, word);
    } else {
        line->positionals++;
    }
}

static void read_line(const struct ctl_args *args, struct line *line)
{
    size_t before = args->positional_count ? args->positional_count - 1 : 0;

    *line = (struct line){.args = *args,
                          .last = args->positional_count ? args->positionals[before] : ""};
    for (size_t i = 0; i < before;) {
        const char *word = args->positionals[i];
        if (word[0] == '-' && word[1] != '\0') {
            i += take_option(line, &args->positionals[i], before - i);
        } else {
            take_word(line, word);
            i++;
        }
    }
}

/* -- what may follow --------------------------------------------------------------------------- */

static void offer(const struct line *line, const char *word)
{
    if (strncmp(word, line->last, strlen(line->last)) == 0)
        printf("%s\n", word);
}

/* The words of a text with separators between: "udp|tcp|tls". */
static void offer_each(const struct line *line, const char *words, char separator)
{
    char word[64];

    for (const char *at = words; *at;) {
        const char *end = strchr(at, separator);
        size_t len = end ? (size_t)(end - at) : strlen(at);
        if (len < sizeof(word)) {
            memcpy(word, at, len);
            word[len] = '\0';
            offer(line, word);
        }
        at += len;
        at += *at == separator;
    }
}

/* Names that the daemon knows: without it there are none. */
struct source {
    const char *what; /* placeholder of a positional or an option's value, or name of an option */
    const char *path;
    bool whole;                           /* the list has no pages */
    const char *first, *between, *second; /* members that make the name; second NULL: one does */
};
static const struct source SOURCES[] = {
    {"USER", "/users", false, "name", NULL, NULL},
    {"user", "/users", false, "name", NULL, NULL},
    {"site", "/sites", false, "name", NULL, NULL},
    {"admin", "/admins", false, "name", NULL, NULL},
    {"session", "/sessions", false, "id", NULL, NULL},
    {"apikey", "/api-keys", false, "name", NULL, NULL},
    {"MAC", "/phones", false, "mac", NULL, NULL},
    {"pnp", "/pnp", false, "mac", NULL, NULL},
    {"SIP_USER@DOMAIN", "/accounts", false, "sip_user", "@", "domain"},
    {"ACCOUNT,…", "/accounts", false, "sip_user", "@", "domain"},
    {"vendor", "/vendors", true, "name", NULL, NULL},
    {"VENDOR/MODEL", "/models", true, "vendor", "/", "model"},
    {"model", "/models", true, "model", NULL, NULL},
};

/* Without ':', at which bash would break the word. */
static void offer_name(const struct line *line, const char *first, const char *between,
                       const char *second)
{
    char word[256];
    size_t len = 0;

    for (const char *c = first; *c && len < sizeof(word) - 1; c++) {
        if (*c != ':')
            word[len++] = *c;
    }
    (void)snprintf(word + len, sizeof(word) - len, "%s%s", between, second); /* names are short */
    offer(line, word);
}

/* *ret_items: borrowed from *ret_answer where that is given. */
static int list_names(const struct line *line, const struct source *source, json_t **ret_answer,
                      json_t **ret_items)
{
    if (!source->whole)
        return ctl_call_list(&line->args, source->path, ret_items);
    int code = ctl_call(&line->args, "GET", source->path, NULL, ret_answer);
    *ret_items = json_object_get(*ret_answer, "items");
    return code;
}

static bool offer_names(const struct line *line, const char *what)
{
    const struct source *source = SOURCES;
    json_t *answer = NULL, *items = NULL;

    while (source < SOURCES + AP_COUNT(SOURCES) && strcmp(source->what, what) != 0)
        source++;
    if (source == SOURCES + AP_COUNT(SOURCES))
        return false;
    if (list_names(line, source, &answer, &items) != CTL_OK)
        return true;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *first = json_string_value(json_object_get(item, source->first));
        const char *second =
            source->second ? json_string_value(json_object_get(item, source->second)) : "";
        if (first && second)
            offer_name(line, first, source->second ? source->between : "", second);
    }
    json_decref(source->whole ? answer : items);
    return true;
}

static void offer_what(const struct line *line, const char *what)
{
    if (offer_names(line, what))
        return;
    if (strcmp(what, "ROLE") == 0)
        offer_each(line, "viewer operator admin", ' ');
    else if (strcmp(what, "TYPE") == 0)
        offer_each(line, "line speed_dial blf park dtmf", ' ');
    else if (strcmp(what, "OUTCOME") == 0)
        offer_each(line,
                   "waiting accepted challenged refused unreachable no_target failed cancelled",
                   ' ');
    else if (strcmp(what, "SCOPE") == 0)
        offer_each(line, "global vendor: model: site: user: phone:", ' ');
    else if (strchr(what, '|'))
        offer_each(line, what, '|');
}

static void offer_option_value(const struct line *line)
{
    const struct ctl_option *option = line->value_of;

    if (!offer_names(line, option->name))
        offer_what(line, option->value);
}

static void offer_options(const struct line *line)
{
    char word[64];

    for (const struct ctl_option *option = line->command ? line->command->options : NULL;
         option && option->name; option++) {
        (void)snprintf(word, sizeof(word), "--%s", option->name); /* names are short */
        offer(line, word);
    }
    offer_each(line, "--config --socket --json --help", ' ');
}

/* The nth placeholder of "MAC TYPE [VALUE]", without brackets and alternatives. */
static void offer_positional(const struct line *line)
{
    const char *at = line->command->positionals;
    char what[64];

    for (size_t i = 0; i < line->positionals && *at; i++) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    at += *at == '[';
    size_t len = strcspn(at, " ]");
    if (len > 2 && memcmp(at + len - 2, "|-", 2) == 0)
        len -= 2; /* standard input */
    if (len == 0 || len >= sizeof(what))
        return;
    memcpy(what, at, len);
    what[len] = '\0';
    /* A NAME is one of the noun's own; a new one cannot be known. */
    if (strcmp(what, "NAME") == 0 && line->command->verb && strcmp(line->command->verb, "add") != 0)
        (void)offer_names(line, line->noun); /* others have none */
    else if (strcmp(line->command->noun, "pnp") == 0)
        (void)offer_names(line, "pnp"); /* MACs that are no phone's, too */
    else
        offer_what(line, what);
}

static void offer_commands(const struct line *line)
{
    const char *before = "";

    for (const struct ctl_command *command = CTL_COMMANDS; command->noun; command++) {
        if (line->noun && strcmp(command->noun, line->noun) == 0 && command->verb)
            offer(line, command->verb);
        else if (!line->noun && strcmp(command->noun, before) != 0)
            offer(line, command->noun);
        before = command->noun;
    }
}

int ctl_completion_words(const struct ctl_args *args)
{
    struct line line;

    read_line(args, &line);
    if (line.value_of)
        offer_option_value(&line);
    else if (line.global_value)
        return CTL_OK; /* a path: the shell's own */
    else if (line.last[0] == '-')
        offer_options(&line);
    else if (!line.command || (!line.command->verb && !line.command->positionals[0]))
        offer_commands(&line); /* of a command of one word its verbs, if it has some */
    else
        offer_positional(&line);
    return CTL_OK;
}
