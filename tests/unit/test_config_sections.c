/* Sections of the configuration: each one is visible only to those that include it. */
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "actors/execution/execution.h"
#include "tests/support/suite.h"

/* An actor sees its own section. These definitions would clash with the others, if it saw them. */
struct dv_process_config {
    int unseen;
};
struct dv_ingest_config {
    int unseen;
};
struct dv_persistence_config {
    int unseen;
};
struct dv_retry_config {
    int unseen;
};
struct dv_signer_config {
    int unseen;
};
struct dv_router_config {
    int unseen;
};
struct dv_pools_config {
    int unseen;
};
struct dv_solana_config {
    int unseen;
};
struct dv_sim_config {
    int unseen;
};
struct dv_gateway_config {
    int unseen;
};
struct dv_settings {
    int unseen;
};

/* Beside the folder that owns a section: who may include its header. */
static const struct {
    const char *section, *file;
} ALLOWED[] = {
    {"actors/dex/sim/config.h", "actors/chain/simulated/"}, /* the same market and faults */
    {"actors/base/process_config.h", "actors/wiring.h"},
    {"gateway/http/config.h", "gateway/"}, /* one actor in several folders */
};

static uint32_t includes;

static bool may_include(const char *file, const char *section)
{
    size_t folder = (size_t)(strrchr(section, '/') + 1 - section);
    bool own = strncmp(file, section, folder) == 0 && strchr(file + folder, '/') == NULL;
    if (own || strcmp(file, "actors/settings.h") == 0) return true;
    for (size_t i = 0; i < sizeof ALLOWED / sizeof ALLOWED[0]; i++)
        if (strcmp(ALLOWED[i].section, section) == 0 &&
            strncmp(ALLOWED[i].file, file, strlen(ALLOWED[i].file)) == 0)
            return true;
    return false;
}

static bool is_section(const char *header)
{
    const char *slash = strrchr(header, '/');
    if (slash == NULL || strcmp(header, "actors/base/config.h") == 0) return false;
    return strcmp(slash, "/config.h") == 0 || strcmp(slash, "/process_config.h") == 0;
}

static int file_check(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)ftw;
    const char *dot = strrchr(path, '.');
    if (type != FTW_F || dot == NULL || (strcmp(dot, ".c") != 0 && strcmp(dot, ".h") != 0))
        return 0;
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    char line[512], header[256];
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "#include \"%255[^\"]\"", header) != 1 || !is_section(header)) continue;
        ck_assert_msg(may_include(path, header), "%s includes %s", path, header);
        includes++;
    }
    fclose(file);
    return 0;
}

START_TEST(a_section_is_included_by_its_own_folder_and_by_the_settings)
{
    ck_assert_int_eq(nftw("actors", file_check, 16, FTW_PHYS), 0);
    ck_assert_int_eq(nftw("gateway", file_check, 16, FTW_PHYS), 0);
    ck_assert_uint_ge(includes, 22); /* each section: the settings and its own C file */
}
END_TEST

START_TEST(an_actor_sees_its_own_section)
{
    dv_execution_config config;
    dv_config_set_defaults(&DV_EXECUTION_SECTION, &config);
    ck_assert_uint_eq(config.attempts_max, 3);
    ck_assert_uint_eq(sizeof(struct dv_signer_config), sizeof(int));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config sections");
    TCase *c = tcase_create("visibility");
    suite_add_tcase(suite, c);
    tcase_add_test(c, a_section_is_included_by_its_own_folder_and_by_the_settings);
    tcase_add_test(c, an_actor_sees_its_own_section);
    return suite_run(suite);
}
