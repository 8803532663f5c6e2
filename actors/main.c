/* The drover program: reads the configuration, starts the actors, waits for a signal, and stops
   them.

     drover serve     runs every actor in this process; with a cluster file those of --node NAME, or
                      of them those of --roles A,B
     drover status    asks the gateway who is there, and prints it as a table

     drover migrate   applies the migrations that the database does not have yet

     drover keygen    makes a node's keys: the secret one into a file, the public one printed

     drover config    prints the effective configuration, secrets masked; with --manual a
                      configuration file that explains every key

     drover topology  prints actors, links and messages

     drover version

   Exit status: 0 well, 1 failed while running, 2 bad usage or configuration. */
#include <czmq.h>

#include "actors/base/log.h"
#include "actors/make.h"
#include "actors/persistence/pg/migrate.h"
#include "actors/serve.h"
#include "gateway/status.h"

#define EXIT_CONFIG 2

/* What the command line says beside the command. */
typedef struct arguments {
    const char *config_file, *node, *roles; /* NULL: not given */
    const char *words[2];                   /* what is no option */
    int word_count;
    bool manual;
} arguments;

typedef struct program {
    arguments args;
    dv_settings settings;
    dv_wiring wiring;
} program;

static int refuse(const char *why)
{
    fprintf(stderr, "drover: %s\n", why);
    return EXIT_CONFIG;
}

/* Where this process stands: the command line comes before the settings. */
static dv_err place(program *p, char ret_why[256])
{
    dv_process_config *config = &p->settings.process;
    if (p->args.node != NULL) snprintf(config->node, sizeof config->node, "%s", p->args.node);
    dv_place here = {.cluster_file = config->cluster_file,
                     .node = config->node,
                     .roles = p->args.roles,
                     .chains = dv_chains_needed(&p->settings)};
    return dv_wiring_init(&here, &p->wiring, ret_why);
}

/* ---- commands --------------------------------------------------------------------------- */

static int serve(program *p)
{
    char why[256];
    bool well = false;
    if (place(p, why) != DV_OK || dv_serve(&p->settings, &p->wiring, &well, why) != DV_OK)
        return refuse(why);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int migrate(program *p)
{
    unsigned applied;
    char why[DV_REASON_MAX];
    if (dv_migrate(p->settings.persistence.database_url, &applied, why) != DV_OK) {
        fprintf(stderr, "drover: %s\n", why);
        return EXIT_FAILURE;
    }
    printf("%u migrations applied\n", applied);
    return EXIT_SUCCESS;
}

static int config(program *p)
{
    dv_settings_print(&p->settings, stdout);
    return EXIT_SUCCESS;
}

static int topology(program *p)
{
    char why[256];
    if (place(p, why) != DV_OK) return refuse(why);
    dv_topology_print(&p->wiring.topology, stdout);
    return EXIT_SUCCESS;
}

static int keygen(program *p)
{
    const char *node = p->args.words[0], *file = p->args.words[1];
    char why[256], own[64], public_key[DV_KEY_SIZE];
    snprintf(own, sizeof own, "%.40s.key", node);
    if (file == NULL) file = own;
    if (dv_key_make(node, file, public_key, why) != DV_OK) return refuse(why);
    printf("#   %s holds the secret key: for this node alone, as its key_file.\n"
           "#   These lines are for the cluster file, which every node has:\n"
           "%s\n"
           "    public_key = \"%s\"\n"
           "    address = \"…\"\n"
           "    roles = \"…\"\n",
           file, node, public_key);
    return EXIT_SUCCESS;
}

static int status(program *p)
{
    return dv_status_main(&p->settings.gateway);
}

static int version(program *p)
{
    (void)p;
    puts("drover 0.1.0");
    return EXIT_SUCCESS;
}

static const struct {
    const char *name;
    int (*run)(program *p);
    int least_words, most_words;
    bool places; /* takes --node and --roles */
    bool manual; /* takes --manual */
} COMMANDS[] = {
    {"serve", serve, 0, 0, true, false},       {"migrate", migrate, 0, 0, false, false},
    {"keygen", keygen, 1, 2, false, false},    {"config", config, 0, 0, false, true},
    {"topology", topology, 0, 0, true, false}, {"status", status, 0, 0, false, false},
    {"version", version, 0, 0, false, false},
};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])

static int usage(void)
{
    fputs("usage: drover serve [--config FILE] [--node NAME] [--roles ROLE,ROLE…]\n"
          "       drover topology [--config FILE] [--node NAME] [--roles ROLE,ROLE…]\n"
          "       drover migrate|config|status|version [--config FILE]\n"
          "       drover config --manual\n"
          "       drover keygen NODE [FILE]\n",
          stderr);
    return EXIT_CONFIG;
}

/* Reads what follows the command. False when it is not as usage says. */
static bool arguments_read(int argc, char **argv, size_t command, arguments *ret)
{
    for (int i = 2; i < argc; i++) {
        const char **option = streq(argv[i], "--config")  ? &ret->config_file
                              : streq(argv[i], "--node")  ? &ret->node
                              : streq(argv[i], "--roles") ? &ret->roles
                                                          : NULL;
        if (option != NULL && i + 1 < argc && *option == NULL)
            *option = argv[++i];
        else if (COMMANDS[command].manual && streq(argv[i], "--manual"))
            ret->manual = true;
        else if (argv[i][0] != '-' && ret->word_count < COMMANDS[command].most_words)
            ret->words[ret->word_count++] = argv[i];
        else
            return false;
    }
    bool placed = ret->node != NULL || ret->roles != NULL;
    return ret->word_count >= COMMANDS[command].least_words &&
           (COMMANDS[command].places || !placed);
}

int main(int argc, char **argv)
{
    size_t command = 0;
    while (argc > 1 && command < COMMAND_COUNT && !streq(COMMANDS[command].name, argv[1]))
        command++;
    if (argc < 2 || command == COMMAND_COUNT) return usage();

    program *p = calloc(1, sizeof *p);
    if (p == NULL) return EXIT_FAILURE;
    int status = EXIT_CONFIG;
    char why[256];
    if (!arguments_read(argc, argv, command, &p->args)) {
        status = usage();
    } else if (p->args.manual) {
        dv_settings_print_manual(stdout); /* even if the configuration is bad */
        status = EXIT_SUCCESS;
    } else if (dv_settings_load(p->args.config_file, &p->settings, why) != DV_OK) {
        status = refuse(why);
    } else {
        dv_log_init(p->settings.process.log_level, p->settings.process.log_json);
        status = COMMANDS[command].run(p);
    }
    dv_wiring_fini(&p->wiring);
    free(p);
    return status;
}
