// Roles, users and policies change as IAM says, reach readers at once, and survive a restart.

#include <pthread.h>
#include <sched.h>

#include "base/mailbox.h"
#include "iam/iam.h"
#include "iam/reader.h"
#include "test/lib/test.h"

#define TRUST_STATES                                                                               \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":" \
    "\"states.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"
#define ALLOW(action)                                                                              \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"" action        \
    "\",\"Resource\":\"*\"}]}"
#define ROLE_ARN   "arn:aws:iam::000000000000:role/app/Photos"
#define LAMBDA_ARN "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"
#define FUNCTION   "arn:aws:lambda:us-east-1:000000000000:function:resize"

// A registry on a store in memory, with one change at a time.
struct fixture {
    struct arena arena;
    struct clock clock;
    struct mailbox mailbox;
    struct store *store;
    struct iam *iam;
    struct iam_reader reader;
    struct iam_change change;
    int done_count;
    enum status done_status;
};

static struct fixture *current;

static void on_done(struct iam_change *change, enum status status)
{
    (void)change;
    current->done_count++;
    current->done_status = status;
}

static bool open_registry(struct fixture *fixture, bool is_strict)
{
    struct iam_options options = {
        .account = STR("000000000000"),
        .is_strict = is_strict,
        .store = fixture->store,
        .clock = &fixture->clock,
    };
    if (iam_open(&options, &fixture->iam) != STATUS_OK) return false;
    iam_reader_init(&fixture->reader, fixture->iam);
    return true;
}

static void close_registry(struct fixture *fixture)
{
    iam_change_release(&fixture->change);
    iam_reader_release(&fixture->reader);
    iam_close(fixture->iam);
}

static bool fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    current = fixture;
    arena_init(&fixture->arena, MIB(8));
    clock_init_virtual(&fixture->clock, 1700000000000);
    struct str error = {0};
    return mailbox_init(&fixture->mailbox) == STATUS_OK &&
           store_open(STR(""), &fixture->arena, &fixture->store, &error) == STATUS_OK &&
           open_registry(fixture, false);
}

static void fixture_release(struct fixture *fixture)
{
    close_registry(fixture);
    store_close(fixture->store);
    mailbox_release(&fixture->mailbox);
    arena_release(&fixture->arena);
}

// A change to hand to an operation; the one before is given back.
static struct iam_change *begin(struct fixture *fixture)
{
    iam_change_release(&fixture->change);
    iam_change_init(&fixture->change, fixture->iam, &fixture->arena, &fixture->mailbox, on_done);
    return &fixture->change;
}

// What became of an operation: "OK" once it is durable, or "Code: message".
static struct str outcome(struct fixture *fixture, enum status status)
{
    if (status == STATUS_INVALID) {
        return arena_printf(&fixture->arena, "%" STR_FORMAT ": %" STR_FORMAT,
                            STR_ARGS(fixture->change.error.code),
                            STR_ARGS(fixture->change.error.message));
    }
    if (status != STATUS_OK) return STR("fault");
    int done_count = fixture->done_count;
    while (fixture->done_count == done_count) {
        mailbox_wait(&fixture->mailbox, 1000);
        mailbox_run(&fixture->mailbox);
    }
    return fixture->done_status == STATUS_OK ? STR("OK") : STR("fault of the store");
}

#define CHECK_OUTCOME(fixture, operation, expected)                                                \
    CHECK_STR(outcome((fixture), (operation)), STR(expected))

static struct str create_role(struct fixture *fixture, const char *name)
{
    struct iam_role_settings settings = {
        .name = str_from_c(name), .path = STR("/app/"), .trust_document = STR(TRUST_STATES)};
    return outcome(fixture, iam_role_create(begin(fixture), &settings));
}

static enum iam_decision ask(struct fixture *fixture, const char *role_arn)
{
    struct iam_request request = {.action = STR("lambda:InvokeFunction"),
                                  .resource = STR(FUNCTION),
                                  .session_name = STR("run")};
    return iam_authorize(&fixture->reader, str_from_c(role_arn), &request);
}

TEST(iam_role_without_policies_is_denied_until_one_is_attached)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    CHECK_STR(create_role(&fixture, "Photos"), STR("OK"));
    CHECK(ask(&fixture, ROLE_ARN) == IAM_DENIED);
    CHECK_OUTCOME(&fixture,
                  iam_identity_attach(begin(&fixture), IAM_ROLE, STR("Photos"), STR(LAMBDA_ARN)),
                  "OK");
    CHECK(ask(&fixture, ROLE_ARN) == IAM_ALLOWED);
    CHECK_OUTCOME(&fixture,
                  iam_identity_detach(begin(&fixture), IAM_ROLE, STR("photos"), STR(LAMBDA_ARN)),
                  "OK");
    CHECK(ask(&fixture, ROLE_ARN) == IAM_DENIED);
    fixture_release(&fixture);
}

TEST(iam_denial_message_reads_as_the_service_writes_it)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(16));
    struct iam_request request = {.action = STR("lambda:InvokeFunction"),
                                  .resource = STR(FUNCTION),
                                  .session_name = STR("abc")};
    CHECK_STR(iam_denial_message(&arena, STR(ROLE_ARN), &request, IAM_DENIED),
              STR("User: arn:aws:sts::000000000000:assumed-role/Photos/abc is not authorized to "
                  "perform: lambda:InvokeFunction on resource: " FUNCTION
                  " because no identity-based policy allows the lambda:InvokeFunction action"));
    CHECK_STR(iam_denial_message(&arena, STR("arn:aws:iam::000000000000:user/ann"), &request,
                                 IAM_DENIED_EXPLICITLY),
              STR("User: arn:aws:iam::000000000000:user/ann is not authorized to perform: "
                  "lambda:InvokeFunction on resource: " FUNCTION
                  " with an explicit deny in an identity-based policy"));
}

TEST(iam_role_that_nobody_knows_is_allowed_unless_strict)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    CHECK(ask(&fixture, "arn:aws:iam::000000000000:role/None") == IAM_ALLOWED);
    CHECK(iam_role_trusts_service(&fixture.reader, STR("arn:aws:iam::000000000000:role/None"),
                                  STR("states"), STR(""), STR("")));
    close_registry(&fixture);
    REQUIRE(open_registry(&fixture, true));
    CHECK(ask(&fixture, "arn:aws:iam::000000000000:role/None") == IAM_DENIED);
    CHECK(!iam_role_trusts_service(&fixture.reader, STR("arn:aws:iam::000000000000:role/None"),
                                   STR("states"), STR(""), STR("")));
    fixture_release(&fixture);
}

TEST(iam_role_is_trusted_with_the_services_it_names)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    CHECK_STR(create_role(&fixture, "Photos"), STR("OK"));
    CHECK(
        iam_role_trusts_service(&fixture.reader, STR(ROLE_ARN), STR("states"), STR("r"), STR("")));
    CHECK(
        !iam_role_trusts_service(&fixture.reader, STR(ROLE_ARN), STR("lambda"), STR(""), STR("")));
    CHECK_OUTCOME(&fixture,
                  iam_role_update_trust(begin(&fixture), STR("Photos"), STR("{\"Statement\":[]}")),
                  "MalformedPolicyDocument: Syntax errors in policy.");
    fixture_release(&fixture);
}

TEST(iam_refuses_in_the_words_of_the_service)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    struct iam_change *change = begin(&fixture);
    CHECK_OUTCOME(&fixture, iam_identity_delete(change, IAM_ROLE, STR("None")),
                  "NoSuchEntity: The role with name None cannot be found.");
    CHECK(fixture.change.error.http_status == 404);
    CHECK_STR(create_role(&fixture, "Photos"), STR("OK"));
    CHECK_STR(create_role(&fixture, "PHOTOS"),
              STR("EntityAlreadyExists: Role with name PHOTOS already exists."));
    CHECK_OUTCOME(&fixture,
                  iam_identity_attach(begin(&fixture), IAM_ROLE, STR("Photos"),
                                      STR("arn:aws:iam::aws:policy/None")),
                  "NoSuchEntity: Policy arn:aws:iam::aws:policy/None does not exist or is not "
                  "attachable.");
    CHECK_OUTCOME(&fixture,
                  iam_identity_put_policy(begin(&fixture), IAM_ROLE, STR("Photos"), STR("p"),
                                          STR("{\"Version\":\"2012-10-17\"}")),
                  "MalformedPolicyDocument: Syntax errors in policy.");
    CHECK_OUTCOME(&fixture,
                  iam_identity_put_policy(begin(&fixture), IAM_ROLE, STR("Photos"), STR("p"),
                                          STR(ALLOW("lambda:*"))),
                  "OK");
    CHECK(ask(&fixture, ROLE_ARN) == IAM_ALLOWED);
    CHECK_OUTCOME(&fixture, iam_identity_delete(begin(&fixture), IAM_ROLE, STR("Photos")),
                  "DeleteConflict: Cannot delete entity, must delete policies first.");
    CHECK_OUTCOME(&fixture,
                  iam_identity_delete_policy(begin(&fixture), IAM_ROLE, STR("Photos"), STR("q")),
                  "NoSuchEntity: The role policy with name q cannot be found.");
    CHECK_OUTCOME(&fixture,
                  iam_identity_delete_policy(begin(&fixture), IAM_ROLE, STR("Photos"), STR("p")),
                  "OK");
    CHECK_OUTCOME(&fixture,
                  iam_identity_attach(begin(&fixture), IAM_ROLE, STR("Photos"), STR(LAMBDA_ARN)),
                  "OK");
    CHECK_OUTCOME(&fixture, iam_identity_delete(begin(&fixture), IAM_ROLE, STR("Photos")),
                  "DeleteConflict: Cannot delete entity, must detach all policies first.");
    CHECK_OUTCOME(&fixture,
                  iam_identity_detach(begin(&fixture), IAM_ROLE, STR("Photos"), STR(LAMBDA_ARN)),
                  "OK");
    CHECK_OUTCOME(&fixture,
                  iam_identity_detach(begin(&fixture), IAM_ROLE, STR("Photos"), STR(LAMBDA_ARN)),
                  "NoSuchEntity: Policy " LAMBDA_ARN " was not found.");
    CHECK_OUTCOME(&fixture, iam_managed_policy_delete(begin(&fixture), STR(LAMBDA_ARN)),
                  "AccessDenied: Policy is outside your own account.");
    CHECK_OUTCOME(&fixture, iam_identity_delete(begin(&fixture), IAM_ROLE, STR("Photos")), "OK");
    CHECK(iam_identity_find(fixture.iam, IAM_ROLE, STR("Photos")) == NULL);
    fixture_release(&fixture);
}

TEST(iam_default_version_of_a_policy_reaches_all_who_have_it)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    struct str arn = STR("arn:aws:iam::000000000000:policy/team/Invoke");
    struct iam_policy_settings settings = {
        .name = STR("Invoke"), .path = STR("/team/"), .document = STR(ALLOW("sns:Publish"))};
    CHECK_STR(create_role(&fixture, "Photos"), STR("OK"));
    CHECK_STR(create_role(&fixture, "Other"), STR("OK"));
    CHECK_OUTCOME(&fixture, iam_managed_policy_create(begin(&fixture), &settings), "OK");
    CHECK_STR(fixture.change.policy->arn, arn);
    CHECK_OUTCOME(&fixture, iam_managed_policy_create(begin(&fixture), &settings),
                  "EntityAlreadyExists: A policy called Invoke already exists. Duplicate names are "
                  "not allowed.");
    CHECK_OUTCOME(&fixture, iam_identity_attach(begin(&fixture), IAM_ROLE, STR("Photos"), arn),
                  "OK");
    CHECK_OUTCOME(&fixture, iam_identity_attach(begin(&fixture), IAM_ROLE, STR("Other"), arn),
                  "OK");
    CHECK(ask(&fixture, ROLE_ARN) == IAM_DENIED);
    CHECK_OUTCOME(
        &fixture,
        iam_managed_policy_create_version(begin(&fixture), arn, STR(ALLOW("lambda:*")), false),
        "OK");
    CHECK(ask(&fixture, ROLE_ARN) == IAM_DENIED);
    CHECK_OUTCOME(&fixture, iam_managed_policy_set_default(begin(&fixture), arn, STR("v3")),
                  "NoSuchEntity: Policy arn:aws:iam::000000000000:policy/team/Invoke version v3 "
                  "does not exist or is not attachable.");
    CHECK_OUTCOME(&fixture, iam_managed_policy_set_default(begin(&fixture), arn, STR("v2")), "OK");
    CHECK(ask(&fixture, ROLE_ARN) == IAM_ALLOWED);
    CHECK(ask(&fixture, "arn:aws:iam::000000000000:role/app/Other") == IAM_ALLOWED);
    CHECK(atomic_load(&fixture.change.policy->attachment_count) == 2);
    CHECK_OUTCOME(&fixture, iam_managed_policy_delete_version(begin(&fixture), arn, STR("v2")),
                  "DeleteConflict: Cannot delete the default version of a policy.");
    CHECK_OUTCOME(&fixture, iam_managed_policy_delete(begin(&fixture), arn),
                  "DeleteConflict: Cannot delete a policy attached to entities.");
    CHECK_OUTCOME(&fixture, iam_identity_detach(begin(&fixture), IAM_ROLE, STR("Photos"), arn),
                  "OK");
    CHECK_OUTCOME(&fixture, iam_identity_detach(begin(&fixture), IAM_ROLE, STR("Other"), arn),
                  "OK");
    CHECK_OUTCOME(&fixture, iam_managed_policy_delete_version(begin(&fixture), arn, STR("v1")),
                  "OK");
    CHECK_OUTCOME(&fixture, iam_managed_policy_delete(begin(&fixture), arn), "OK");
    CHECK(iam_managed_policy_find(fixture.iam, arn) == NULL);
    fixture_release(&fixture);
}

TEST(iam_limits_are_those_of_the_service)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    CHECK_STR(create_role(&fixture, "Photos"), STR("OK"));
    struct str arn = STR("arn:aws:iam::000000000000:policy/P");
    struct iam_policy_settings settings = {.name = STR("P"), .document = STR(ALLOW("sns:Publish"))};
    CHECK_OUTCOME(&fixture, iam_managed_policy_create(begin(&fixture), &settings), "OK");
    for (int i = 0; i < 4; i++) {
        CHECK_OUTCOME(
            &fixture,
            iam_managed_policy_create_version(begin(&fixture), arn, STR(ALLOW("lambda:*")), true),
            "OK");
    }
    CHECK_OUTCOME(
        &fixture,
        iam_managed_policy_create_version(begin(&fixture), arn, STR(ALLOW("lambda:*")), true),
        "LimitExceeded: A managed policy can have up to 5 versions. Before you create a new "
        "version, you must delete an existing version.");
    char *blanks = arena_alloc(&fixture.arena, 20000);
    REQUIRE(blanks != NULL);
    memset(blanks, ' ', 20000);
    memcpy(blanks, ALLOW("sns:Publish"), sizeof(ALLOW("sns:Publish")) - 1);
    settings.name = STR("Blank");
    settings.document = (struct str){blanks, 20000};
    CHECK_OUTCOME(&fixture, iam_managed_policy_create(begin(&fixture), &settings), "OK");
    memset(blanks, 'x', 20000);
    settings.name = STR("Full");
    CHECK_OUTCOME(&fixture, iam_managed_policy_create(begin(&fixture), &settings),
                  "LimitExceeded: Cannot exceed quota for PolicySize: 6144");
    CHECK_OUTCOME(&fixture,
                  iam_identity_put_policy(begin(&fixture), IAM_ROLE, STR("Photos"), STR("p"),
                                          settings.document),
                  "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role Photos");
    struct iam_tag tags[51];
    for (size_t i = 0; i < ARRAY_COUNT(tags); i++)
        tags[i] = (struct iam_tag){arena_printf(&fixture.arena, "k%zu", i), STR("v")};
    CHECK_OUTCOME(&fixture, iam_identity_tag(begin(&fixture), IAM_ROLE, STR("Photos"), tags, 50),
                  "OK");
    CHECK_OUTCOME(&fixture,
                  iam_identity_tag(begin(&fixture), IAM_ROLE, STR("Photos"), &tags[50], 1),
                  "LimitExceeded: The number of tags has reached the maximum limit: 50");
    CHECK_OUTCOME(&fixture,
                  iam_identity_untag(begin(&fixture), IAM_ROLE, STR("Photos"), &tags[3].key, 1),
                  "OK");
    CHECK(fixture.change.identity->tag_count == 49);
    fixture_release(&fixture);
}

TEST(iam_access_keys_give_their_secret_while_active)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    struct str secret;
    struct iam_identity *owner;
    CHECK_OUTCOME(&fixture, iam_user_create(begin(&fixture), STR("ann"), STR(""), NULL, 0), "OK");
    CHECK_OUTCOME(&fixture, iam_access_key_create(begin(&fixture), STR("ann")), "OK");
    struct iam_access_key key;
    REQUIRE(arena_copy_str(&fixture.arena, fixture.change.identity->access_keys[0].id, &key.id));
    REQUIRE(arena_copy_str(&fixture.arena, fixture.change.identity->access_keys[0].secret,
                           &key.secret));
    CHECK(key.id.size == 20 && str_starts_with(key.id, STR("AKIA")) && key.secret.size == 40);
    REQUIRE(iam_find_secret(&fixture.reader, key.id, &secret, &owner));
    CHECK_STR(secret, key.secret);
    CHECK_STR(owner->arn, STR("arn:aws:iam::000000000000:user/ann"));
    CHECK(!iam_find_secret(&fixture.reader, STR("AKIANONE"), &secret, &owner));
    CHECK_OUTCOME(&fixture, iam_access_key_update(begin(&fixture), STR("ann"), key.id, false),
                  "OK");
    CHECK(!iam_find_secret(&fixture.reader, key.id, &secret, &owner));
    CHECK_OUTCOME(&fixture, iam_access_key_create(begin(&fixture), STR("ann")), "OK");
    CHECK_OUTCOME(&fixture, iam_access_key_create(begin(&fixture), STR("ann")),
                  "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2");
    CHECK_OUTCOME(&fixture, iam_identity_delete(begin(&fixture), IAM_USER, STR("ann")),
                  "DeleteConflict: Cannot delete entity, must delete access keys first.");
    CHECK_OUTCOME(&fixture, iam_access_key_delete(begin(&fixture), STR("ann"), key.id), "OK");
    CHECK_OUTCOME(&fixture, iam_access_key_delete(begin(&fixture), STR("ann"), STR("AKIANONE")),
                  "NoSuchEntity: The Access Key with id AKIANONE cannot be found.");
    struct iam_request request = {.action = STR("states:StartExecution"), .resource = STR("*")};
    struct str ann = STR("arn:aws:iam::000000000000:user/ann");
    CHECK(iam_authorize_user(&fixture.reader, ann, &request) == IAM_DENIED);
    CHECK_OUTCOME(&fixture,
                  iam_identity_attach(begin(&fixture), IAM_USER, STR("ann"),
                                      STR("arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess")),
                  "OK");
    CHECK(iam_authorize_user(&fixture.reader, ann, &request) == IAM_ALLOWED);
    fixture_release(&fixture);
}

TEST(iam_state_survives_a_restart)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    struct str arn = STR("arn:aws:iam::000000000000:policy/P");
    struct iam_policy_settings settings = {.name = STR("P"), .document = STR(ALLOW("lambda:*"))};
    struct iam_tag tag = {STR("Team"), STR("photos")};
    CHECK_STR(create_role(&fixture, "Photos"), STR("OK"));
    CHECK_STR(create_role(&fixture, "Gone"), STR("OK"));
    CHECK_OUTCOME(&fixture, iam_managed_policy_create(begin(&fixture), &settings), "OK");
    CHECK_OUTCOME(&fixture, iam_identity_attach(begin(&fixture), IAM_ROLE, STR("Photos"), arn),
                  "OK");
    CHECK_OUTCOME(&fixture,
                  iam_identity_put_policy(begin(&fixture), IAM_ROLE, STR("Photos"), STR("b"),
                                          STR(ALLOW("sns:*"))),
                  "OK");
    CHECK_OUTCOME(&fixture,
                  iam_identity_put_policy(begin(&fixture), IAM_ROLE, STR("Photos"), STR("a"),
                                          STR(ALLOW("sqs:*"))),
                  "OK");
    CHECK_OUTCOME(&fixture, iam_identity_tag(begin(&fixture), IAM_ROLE, STR("Photos"), &tag, 1),
                  "OK");
    struct str description = STR("of photos");
    CHECK_OUTCOME(&fixture, iam_role_update(begin(&fixture), STR("Photos"), &description, 7200),
                  "OK");
    CHECK_OUTCOME(&fixture, iam_identity_delete(begin(&fixture), IAM_ROLE, STR("Gone")), "OK");
    close_registry(&fixture);
    REQUIRE(open_registry(&fixture, false));
    struct iam_identity *role = iam_identity_find(fixture.iam, IAM_ROLE, STR("Photos"));
    REQUIRE(role != NULL);
    CHECK_STR(role->arn, STR(ROLE_ARN));
    CHECK_STR(role->description, STR("of photos"));
    CHECK(role->id.size == 21 && str_starts_with(role->id, STR("AROA")));
    CHECK(role->created_unix_ms == 1700000000000 && role->session_duration_max_s == 7200);
    CHECK(role->inline_policy_count == 2 && role->attachment_count == 1 && role->tag_count == 1);
    CHECK_STR(role->inline_policies[0].name, STR("a"));
    CHECK_STR(role->inline_policies[1].name, STR("b"));
    CHECK_STR(role->trust_document, STR(TRUST_STATES));
    iam_identity_unref(role);
    CHECK(iam_identity_find(fixture.iam, IAM_ROLE, STR("Gone")) == NULL);
    CHECK(ask(&fixture, ROLE_ARN) == IAM_ALLOWED);
    struct iam_managed_policy *policy = iam_managed_policy_find(fixture.iam, arn);
    REQUIRE(policy != NULL);
    CHECK(atomic_load(&policy->attachment_count) == 1);
    iam_managed_policy_unref(policy);
    fixture_release(&fixture);
}

TEST(iam_lists_page_by_page_in_order)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    static const char *const names[] = {"d", "b", "a", "c"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        CHECK_STR(create_role(&fixture, names[i]), STR("OK"));
    struct iam_filter filter = {.count_max = 3};
    struct iam_identity_page page;
    REQUIRE(iam_identity_list(fixture.iam, IAM_ROLE, &filter, &fixture.arena, &page) == STATUS_OK);
    REQUIRE(page.count == 3 && page.is_truncated);
    CHECK_STR(page.identities[0]->name, STR("a"));
    CHECK_STR(page.identities[2]->name, STR("c"));
    filter.after = STR("c");
    iam_identity_page_release(&page);
    REQUIRE(iam_identity_list(fixture.iam, IAM_ROLE, &filter, &fixture.arena, &page) == STATUS_OK);
    REQUIRE(page.count == 1 && !page.is_truncated);
    CHECK_STR(page.identities[0]->name, STR("d"));
    iam_identity_page_release(&page);
    filter = (struct iam_filter){.count_max = 100, .path_prefix = STR("/none/")};
    REQUIRE(iam_identity_list(fixture.iam, IAM_ROLE, &filter, &fixture.arena, &page) == STATUS_OK);
    CHECK(page.count == 0);
    struct iam_filter aws = {.count_max = 100, .wants_aws = true, .path_prefix = STR("/service-")};
    struct iam_policy_page policies;
    REQUIRE(iam_managed_policy_list(fixture.iam, &aws, &fixture.arena, &policies) == STATUS_OK);
    REQUIRE(policies.count == 2);
    CHECK_STR(policies.policies[1]->arn, STR(LAMBDA_ARN));
    iam_policy_page_release(&policies);
    fixture_release(&fixture);
}

// ---------------------------------------------------------------------------------------------
// Threads

struct asker {
    struct iam *iam;
    _Atomic bool is_over;
    _Atomic int decision; // The latest.
};

static void *keep_asking(void *context)
{
    struct asker *asker = context;
    struct iam_reader reader;
    iam_reader_init(&reader, asker->iam);
    struct iam_request request = {.action = STR("lambda:InvokeFunction"),
                                  .resource = STR(FUNCTION)};
    while (!atomic_load(&asker->is_over))
        atomic_store(&asker->decision, (int)iam_authorize(&reader, STR(ROLE_ARN), &request));
    iam_reader_release(&reader);
    return NULL;
}

// A change that was made is seen sooner or later; never is the test's time limit.
static void wait_for(struct asker *asker, enum iam_decision decision)
{
    while (atomic_load(&asker->decision) != (int)decision)
        sched_yield();
}

TEST(iam_readers_of_other_threads_see_changes_while_they_ask)
{
    struct fixture fixture;
    REQUIRE(fixture_init(&fixture));
    CHECK_STR(create_role(&fixture, "Photos"), STR("OK"));
    struct asker askers[2];
    pthread_t threads[2];
    for (size_t i = 0; i < ARRAY_COUNT(askers); i++) {
        askers[i] = (struct asker){.iam = fixture.iam};
        REQUIRE(pthread_create(&threads[i], NULL, keep_asking, &askers[i]) == 0);
    }
    for (int round = 0; round < 100; round++) {
        CHECK_OUTCOME(
            &fixture,
            iam_identity_attach(begin(&fixture), IAM_ROLE, STR("Photos"), STR(LAMBDA_ARN)), "OK");
        CHECK(ask(&fixture, ROLE_ARN) == IAM_ALLOWED);
        // Now and then let the others catch up; else change under their hands.
        for (size_t i = 0; i < ARRAY_COUNT(askers) && round % 10 == 0; i++)
            wait_for(&askers[i], IAM_ALLOWED);
        CHECK_OUTCOME(
            &fixture,
            iam_identity_detach(begin(&fixture), IAM_ROLE, STR("Photos"), STR(LAMBDA_ARN)), "OK");
        CHECK(ask(&fixture, ROLE_ARN) == IAM_DENIED);
        for (size_t i = 0; i < ARRAY_COUNT(askers) && round % 10 == 0; i++)
            wait_for(&askers[i], IAM_DENIED);
    }
    for (size_t i = 0; i < ARRAY_COUNT(askers); i++) {
        atomic_store(&askers[i].is_over, true);
        pthread_join(threads[i], NULL);
    }
    fixture_release(&fixture);
}
