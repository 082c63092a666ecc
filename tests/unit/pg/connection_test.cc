#include "pg/connection.h"

#include "pg/blockers.h"
#include "pg/fixture.h"

namespace tandem::pg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ConnectionOnServer : public ServerTest {};

constexpr std::string_view kEcho = "SELECT $1";

TEST_F(ConnectionOnServer, GivesBackEveryTypeAsItWasSent) {
  const auto connection = connected();
  const std::vector<std::optional<std::string_view>> texts = {
      "a,b", "{}", "\"q\"", "back\\slash", "", std::nullopt, "NULL", "é \U0001F600 \n\t'"};
  const std::vector<std::optional<int64_t>> numbers = {INT64_MIN, std::nullopt, INT64_MAX, 0};
  const std::vector<std::optional<bool>> flags = {true, std::nullopt, false};
  Batch batch;
  batch.add(kEcho, std::move(Parameters().text("é\\'\"")), {Type::kText});
  batch.add(kEcho, std::move(Parameters().text("")), {Type::kText});
  batch.add(kEcho, std::move(Parameters().int64(INT64_MIN)), {Type::kInt64});
  batch.add(kEcho, std::move(Parameters().boolean(true)), {Type::kBool});
  batch.add(kEcho, std::move(Parameters().bytes(std::string_view("\0\xff", 2))), {Type::kBytes});
  batch.add(kEcho, std::move(Parameters().null(Type::kTextArray)), {Type::kTextArray});
  batch.add(kEcho, std::move(Parameters().text_array(texts)), {Type::kTextArray});
  batch.add(kEcho, std::move(Parameters().int64_array(numbers)), {Type::kInt64Array});
  batch.add(kEcho, std::move(Parameters().bool_array(flags)), {Type::kBoolArray});
  batch.add(kEcho, std::move(Parameters().text_array(std::span<const std::string>{})),
            {Type::kTextArray});
  const Outcome outcome = run(*connection, std::move(batch));
  ASSERT_TRUE(outcome) << outcome.error().error.message;
  const std::vector<Rows>& rows = *outcome;
  EXPECT_EQ(rows[0].text(0, 0), "é\\'\"");
  EXPECT_FALSE(rows[1].is_null(0, 0));
  EXPECT_EQ(rows[1].text(0, 0), "");
  EXPECT_EQ(rows[2].int64(0, 0), INT64_MIN);
  EXPECT_TRUE(rows[3].boolean(0, 0));
  EXPECT_EQ(rows[4].bytes(0, 0), std::string_view("\0\xff", 2));
  EXPECT_TRUE(rows[5].is_null(0, 0));
  EXPECT_EQ(rows[6].text_array(0, 0), texts);
  EXPECT_EQ(rows[7].int64_array(0, 0), numbers);
  EXPECT_EQ(rows[8].bool_array(0, 0), flags);
  EXPECT_THAT(rows[9].text_array(0, 0), ElementsAre());
}

TEST_F(ConnectionOnServer, ReadsSmallerIntegersNamesAndCounts) {
  const auto connection = connected();
  must(*connection, {"CREATE TEMPORARY TABLE small (a smallint, b integer, c varchar, d name)"});
  const Outcome inserted =
      run(*connection, one("INSERT INTO small VALUES (-2, -70000, 'c', 'd'), (1, 2, NULL, NULL)"));
  ASSERT_TRUE(inserted);
  EXPECT_EQ(inserted->front().affected(), 2U);
  const Outcome outcome =
      run(*connection, one("SELECT * FROM small ORDER BY a", {},
                           {Type::kInt64, Type::kInt64, Type::kText, Type::kText}));
  ASSERT_TRUE(outcome) << outcome.error().error.message;
  const Rows& rows = outcome->front();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.int64(0, 0), -2);
  EXPECT_EQ(rows.int64(0, 1), -70000);
  EXPECT_EQ(rows.text(0, 2), "c");
  EXPECT_EQ(rows.text(0, 3), "d");
  EXPECT_TRUE(rows.is_null(1, 2));
}

TEST_F(ConnectionOnServer, AnswersInTheOrderOfTheBatches) {
  ConnectOptions narrow = options();
  narrow.max_bytes_in_flight = 1000;  // a few at a time
  const auto connection = connected(narrow);
  std::vector<int64_t> order;
  size_t most_in_flight = 0;
  for (int64_t i = 0; i < 300; ++i) {
    connection->run(one(kEcho, std::move(Parameters().int64(i)), {Type::kInt64}),
                    [&](Outcome outcome) {
                      ASSERT_TRUE(outcome);
                      most_in_flight = std::max(most_in_flight, connection->in_flight());
                      order.push_back(outcome->front().int64(0, 0));
                    });
  }
  until([&] { return order.size() == 300; });
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_GT(most_in_flight, 0U);
  EXPECT_LE(most_in_flight, 5U);
}

TEST_F(ConnectionOnServer, AnErrorEndsItsOwnBatchAlone) {
  const auto connection = connected();
  must(*connection, {"CREATE TEMPORARY TABLE kept (n bigint CONSTRAINT positive CHECK (n > 0))"});
  const std::string insert = "INSERT INTO kept VALUES ($1)";
  std::vector<std::optional<Outcome>> outcomes(3);
  for (size_t i = 0; i < 3; ++i) {
    Batch batch;
    batch.add(insert, std::move(Parameters().int64(10 + static_cast<int64_t>(i))));
    batch.add(insert, std::move(Parameters().int64(i == 1 ? -1 : 1)));
    batch.add(insert, std::move(Parameters().int64(5)));
    connection->run(std::move(batch),
                    [&outcomes, i](Outcome got) { outcomes[i] = std::move(got); });
  }
  until([&] { return outcomes[2].has_value(); });
  EXPECT_TRUE(*outcomes[0]);
  ASSERT_FALSE(*outcomes[1]);
  EXPECT_TRUE(*outcomes[2]);
  const Failure& failure = outcomes[1]->error();
  EXPECT_EQ(failure.error.kind, ErrorKind::kConflict);
  EXPECT_EQ(failure.sqlstate, "23514");
  EXPECT_EQ(failure.constraint, "positive");
  EXPECT_EQ(failure.statement, 1U);
  EXPECT_THAT(failure.error.message, HasSubstr("violates check constraint"));
  EXPECT_THAT(failure.detail, HasSubstr("-1"));
  EXPECT_EQ(number(*connection, "SELECT count(*) FROM kept"), 6);
  EXPECT_EQ(number(*connection, "SELECT count(*) FROM kept WHERE n = 11"), 0);
}

TEST_F(ConnectionOnServer, ABatchBehindAFailedTransactionIsNotAffected) {
  const auto connection = connected();
  std::vector<std::optional<Outcome>> outcomes(3);
  for (size_t i = 0; i < 3; ++i) {
    Batch batch(i == 1 ? Place::kAlone : Place::kWhole);
    batch.add(i == 0 ? "SELECT 1/0" : "SELECT txid_current()", {}, {Type::kInt64});
    connection->run(std::move(batch),
                    [&outcomes, i](Outcome got) { outcomes[i] = std::move(got); });
  }
  until([&] { return outcomes[2].has_value(); });
  ASSERT_FALSE(*outcomes[0]);
  EXPECT_EQ(outcomes[0]->error().sqlstate, "22012");
  EXPECT_EQ(outcomes[0]->error().error.kind, ErrorKind::kBadInput);
  EXPECT_TRUE(*outcomes[1]);
  EXPECT_TRUE(*outcomes[2]);
}

TEST_F(ConnectionOnServer, ATransactionGoesOverSeveralBatches) {
  const auto connection = connected();
  const auto other = connected();
  must(*connection, {"DROP TABLE IF EXISTS several", "CREATE TABLE several (n bigint)"});
  Batch first(Place::kOpens, "ISOLATION LEVEL REPEATABLE READ");
  first.add("INSERT INTO several VALUES (1)");
  ASSERT_TRUE(run(*connection, std::move(first)));
  Batch second(Place::kWithin);
  second.add("INSERT INTO several VALUES (2)");
  second.add("SELECT current_setting('transaction_isolation')", {}, {Type::kText});
  const Outcome inside = run(*connection, std::move(second));
  ASSERT_TRUE(inside);
  EXPECT_EQ((*inside)[1].text(0, 0), "repeatable read");
  EXPECT_EQ(number(*other, "SELECT count(*) FROM several"), 0);
  ASSERT_TRUE(run(*connection, Batch(Place::kCloses)));
  EXPECT_EQ(number(*other, "SELECT count(*) FROM several"), 2);
}

TEST_F(ConnectionOnServer, AFailedTransactionIsRolledBackAndTakesWhatWasSentForItAlong) {
  const auto connection = connected();
  const auto other = connected();
  must(*connection, {"DROP TABLE IF EXISTS fails", "CREATE TABLE fails (n bigint)"});
  std::vector<std::optional<Outcome>> outcomes(5);
  const std::vector<std::pair<Place, std::string>> sent = {
      {Place::kOpens, "INSERT INTO fails VALUES (1)"},
      {Place::kWithin, "SELECT 1/0"},
      {Place::kCloses, "INSERT INTO fails VALUES (2)"},
      {Place::kOpens, "INSERT INTO fails VALUES (3)"},
      {Place::kCloses, "INSERT INTO fails VALUES (4)"}};
  for (size_t i = 0; i < sent.size(); ++i) {
    Batch batch(sent[i].first);
    batch.add_once(sent[i].second);
    connection->run(std::move(batch),
                    [&outcomes, i](Outcome got) { outcomes[i] = std::move(got); });
  }
  until([&] { return outcomes[4].has_value(); });
  EXPECT_TRUE(*outcomes[0]);
  EXPECT_EQ(outcomes[1]->error().sqlstate, "22012");
  EXPECT_EQ(outcomes[2]->error().sqlstate, "25P02");
  EXPECT_TRUE(*outcomes[3]);
  EXPECT_TRUE(*outcomes[4]);
  EXPECT_EQ(text(*other, "SELECT string_agg(n::text, ',' ORDER BY n) FROM fails"), "3,4");

  // Nothing but a COMMIT, to which the server says that it has rolled back.
  std::optional<Outcome> commit;
  Batch fails(Place::kOpens);
  fails.add("SELECT 1/0");
  connection->run(std::move(fails), [](const Outcome& outcome) { EXPECT_FALSE(outcome); });
  connection->run(Batch(Place::kCloses), [&](Outcome got) { commit = std::move(got); });
  until([&] { return commit.has_value(); });
  ASSERT_FALSE(*commit);
  EXPECT_EQ(commit->error().error.kind, ErrorKind::kUnavailable);

  // Alone: its locks go with the failure, and nothing is in a transaction that is over.
  Batch opens(Place::kOpens);
  opens.add("LOCK TABLE fails");
  ASSERT_TRUE(run(*connection, std::move(opens)));
  Batch within(Place::kWithin);
  within.add("SELECT 1/0");
  ASSERT_FALSE(run(*connection, std::move(within)));
  EXPECT_EQ(number(*other, "SELECT count(*) FROM fails"), 2);
  const Outcome late = run(*connection, Batch(Place::kCloses));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().error.kind, ErrorKind::kUnavailable);
  EXPECT_THAT(late.error().error.message, HasSubstr("its transaction is over"));
  EXPECT_EQ(number(*connection, "SELECT 1::bigint"), 1);
}

TEST_F(ConnectionOnServer, ATransactionThatIsLeftOpenIsRolledBackByTheNextBatch) {
  const auto connection = connected();
  must(*connection, {"CREATE TEMPORARY TABLE left_open (n bigint)"});
  for (const Place place : {Place::kAlone, Place::kWhole, Place::kOpens}) {
    Batch opens(Place::kOpens);
    opens.add("INSERT INTO left_open VALUES (1)");
    ASSERT_TRUE(run(*connection, std::move(opens)));
    Batch next(place);
    next.add("SELECT count(*) FROM left_open", {}, {Type::kInt64});
    const Outcome outcome = run(*connection, std::move(next));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->front().int64(0, 0), 0);
  }
  EXPECT_TRUE(run(*connection, Batch(Place::kCloses)));
  EXPECT_FALSE(run(*connection, Batch(Place::kCloses)));
}

TEST_F(ConnectionOnServer, ADeferredConstraintFailsTheCommit) {
  const auto connection = connected();
  must(*connection,
       {"CREATE TEMPORARY TABLE late (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)"});
  Batch batch(Place::kWhole);
  batch.add("INSERT INTO late VALUES (1), (1)");
  const Outcome outcome = run(*connection, std::move(batch));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().sqlstate, "23505");
  EXPECT_EQ(outcome.error().statement, 1U) << "behind the last";
  EXPECT_EQ(number(*connection, "SELECT count(*) FROM late"), 0);
}

TEST_F(ConnectionOnServer, WhatCannotBeSentIsRefusedBefore) {
  const auto connection = connected();
  must(*connection, {"CREATE TEMPORARY TABLE untouched (t text)"});
  Batch batch;
  batch.add("INSERT INTO untouched VALUES ('x')");
  batch.add("INSERT INTO untouched VALUES ($1)",
            std::move(Parameters().text(std::string_view("a\0b", 3))));
  const Outcome outcome = run(*connection, std::move(batch));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.kind, ErrorKind::kBadInput);
  EXPECT_THAT(outcome.error().error.message, HasSubstr("U+0000"));
  const std::vector<std::string> inside = {std::string("\0", 1)};
  EXPECT_FALSE(run(*connection, one(kEcho, std::move(Parameters().text_array(inside)))));
  EXPECT_EQ(number(*connection, "SELECT count(*) FROM untouched"), 0);
  const Outcome bad_utf8 = run(*connection, one(kEcho, std::move(Parameters().text("\xff"))));
  ASSERT_FALSE(bad_utf8);
  EXPECT_EQ(bad_utf8.error().error.kind, ErrorKind::kBadInput);
}

TEST_F(ConnectionOnServer, AnAnswerOfOtherColumnsIsAnError) {
  const auto connection = connected();
  for (const std::vector<Type>& columns :
       {std::vector<Type>{Type::kInt64}, {Type::kText, Type::kText}}) {
    const Outcome outcome = run(*connection, one("SELECT 'x'::text", {}, columns));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().error.kind, ErrorKind::kCorrupt);
  }
}

TEST_F(ConnectionOnServer, TheQueueIsBounded) {
  ConnectOptions small = options();
  small.max_bytes_in_flight = 1;
  small.max_bytes_queued = 1000;
  const auto connection = connected(small);
  std::vector<ErrorKind> kinds;
  size_t done = 0;
  for (int i = 0; i < 20; ++i) {
    connection->run(one(kEcho, std::move(Parameters().int64(i))), [&](const Outcome& outcome) {
      ++done;
      if (!outcome) kinds.push_back(outcome.error().error.kind);
    });
  }
  until([&] { return done == 20; });
  EXPECT_GT(kinds.size(), 10U);
  EXPECT_THAT(kinds, testing::Each(ErrorKind::kUnavailable));
  EXPECT_TRUE(run(*connection, one("SELECT 1")));
  // One that is larger than the queue goes where nothing else waits: it would never go else.
  EXPECT_TRUE(run(*connection, one(kEcho, std::move(Parameters().text(std::string(2000, 'x'))))));
}

TEST_F(ConnectionOnServer, TheCacheOfStatementsIsBounded) {
  ConnectOptions few = options();
  few.max_statements = 10;
  const auto connection = connected(few);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40; ++i) {
      const Outcome outcome =
          run(*connection, one("SELECT " + std::to_string(i) + "::bigint", {}, {Type::kInt64}));
      ASSERT_TRUE(outcome) << outcome.error().error.message;
      EXPECT_EQ(outcome->front().int64(0, 0), i);
    }
  }
  EXPECT_EQ(number(*connection, "SELECT count(*) FROM pg_prepared_statements"), 10);
  // More in one batch than the cache holds.
  Batch wide;
  for (int i = 0; i < 25; ++i) wide.add("SELECT " + std::to_string(i), {}, {Type::kInt64});
  ASSERT_TRUE(run(*connection, std::move(wide)));
  ASSERT_TRUE(run(*connection, one("SELECT 100")));
  EXPECT_EQ(number(*connection, "SELECT count(*) FROM pg_prepared_statements"), 10);
}

TEST_F(ConnectionOnServer, AStatementThatCannotBePreparedFailsWhoeverUsesItAndNoOther) {
  const auto connection = connected();
  std::vector<std::string> states;
  for (const char* sql : {"SELECT 1", "SELECT nonsense", "SELECT nonsense", "SELECT 2"}) {
    connection->run(one(sql), [&](const Outcome& outcome) {
      states.push_back(outcome ? "" : outcome.error().sqlstate);
    });
  }
  until([&] { return states.size() == 4; });
  EXPECT_THAT(states, ElementsAre("", "42703", "42703", ""));
  // And is tried again.
  must(*connection, {"CREATE TEMPORARY TABLE appears (n bigint)"});
  ASSERT_FALSE(run(*connection, one("SELECT m FROM appears")));
  must(*connection, {"ALTER TABLE appears RENAME n TO m"});
  EXPECT_TRUE(run(*connection, one("SELECT m FROM appears")));
}

TEST_F(ConnectionOnServer, ABatchBehindAFailureFindsWhatItPrepares) {
  // The server skips everything behind an error up to the next sync.
  const auto connection = connected();
  Batch failing;
  failing.add("SELECT 1/0");
  failing.add("SELECT 11::bigint", {}, {Type::kInt64});
  std::optional<Outcome> second;
  connection->run(std::move(failing), [](const Outcome& outcome) { EXPECT_FALSE(outcome); });
  connection->run(one("SELECT 11::bigint", {}, {Type::kInt64}),
                  [&](Outcome got) { second = std::move(got); });
  until([&] { return second.has_value(); });
  ASSERT_TRUE(*second) << second->error().error.message;
  EXPECT_EQ((*second)->front().int64(0, 0), 11);
}

TEST_F(ConnectionOnServer, APlanThatASchemaChangeHasMadeStaleIsMadeAnew) {
  const auto connection = connected();
  const auto other = connected();
  must(*other, {"DROP TABLE IF EXISTS changes", "CREATE TABLE changes (a bigint)",
                "INSERT INTO changes VALUES (7)"});
  const std::string all = "SELECT * FROM changes";
  ASSERT_TRUE(run(*connection, one(all, {}, {Type::kInt64})));
  must(*other, {"ALTER TABLE changes ADD b text DEFAULT 'b'"});
  const Outcome alone = run(*connection, one(all, {}, {Type::kInt64, Type::kText}));
  ASSERT_TRUE(alone) << alone.error().error.message;
  EXPECT_EQ(alone->front().text(0, 1), "b");

  must(*other, {"ALTER TABLE changes DROP b"});
  Batch whole(Place::kWhole);
  whole.add(all, {}, {Type::kInt64});
  EXPECT_TRUE(run(*connection, std::move(whole)));

  // Within a transaction, or where more is on the way, the owner has to.
  ASSERT_TRUE(run(*connection, Batch(Place::kOpens)));
  must(*other, {"ALTER TABLE changes ADD c text"});
  Batch within(Place::kWithin);
  within.add(all, {}, {Type::kInt64, Type::kText});
  const Outcome inside = run(*connection, std::move(within));
  ASSERT_FALSE(inside);
  EXPECT_EQ(inside.error().error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(inside.error().sqlstate, "0A000");
  EXPECT_TRUE(run(*connection, one(all, {}, {Type::kInt64, Type::kText})));
}

TEST_F(ConnectionOnServer, ForgottenStatementsAreGoneOnTheServerToo) {
  const auto connection = connected();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(run(*connection, one("SELECT " + std::to_string(i))));
  connection->forget_statements();
  ASSERT_TRUE(run(*connection, one("SELECT 1")));
  EXPECT_EQ(number(*connection, "SELECT count(*) FROM pg_prepared_statements"), 1);
  // As a pooler or a person may do behind our back.
  must(*connection, {"DEALLOCATE ALL"});
  EXPECT_TRUE(run(*connection, one("SELECT 1")));
}

TEST_F(ConnectionOnServer, SetsTheSessionWhateverTheRoleHas) {
  const auto admin = connected();
  must(*admin,
       {"DROP ROLE IF EXISTS odd", "CREATE ROLE odd LOGIN SUPERUSER",
        "ALTER ROLE odd SET synchronous_commit = off", "ALTER ROLE odd SET lock_timeout = 1",
        "ALTER ROLE odd SET statement_timeout = 1", "ALTER ROLE odd SET search_path = nowhere",
        "ALTER ROLE odd SET standard_conforming_strings = off",
        "ALTER ROLE odd SET client_encoding = latin1",
        "ALTER ROLE odd SET default_transaction_read_only = on",
        "ALTER ROLE odd SET default_transaction_isolation = serializable",
        "ALTER ROLE odd SET plan_cache_mode = force_generic_plan",
        "ALTER ROLE odd SET jit_above_cost = 0", "ALTER ROLE odd SET jit = on"});
  ConnectOptions odd = options("host=" + server_.directory() + " user=odd dbname=postgres");
  odd.settings = {{"search_path", "tandem"}};
  odd.statement_timeout_ms = 4000;
  odd.application_name = "worker 7";
  const auto connection = connected(odd);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"synchronous_commit", "on"},
      {"lock_timeout", "5s"},
      {"statement_timeout", "4s"},
      {"search_path", "tandem"},
      {"standard_conforming_strings", "on"},
      {"client_encoding", "UTF8"},
      {"default_transaction_read_only", "off"},
      {"default_transaction_isolation", "read committed"},
      {"plan_cache_mode", "auto"},
      {"jit", "off"},
      {"application_name", "worker 7"}};
  for (const auto& [name, value] : wanted) {
    EXPECT_EQ(text(*connection, "SELECT current_setting('" + name + "')"), value) << name;
  }
  must(*admin, {"DROP ROLE odd"});
}

TEST_F(ConnectionOnServer, AnUnknownSettingIsAMistakeOfTheConfiguration) {
  ConnectOptions wrong = options();
  wrong.settings = {{"no_such_thing", "1"}};
  Connection connection(loop_, wrong);
  const Status up = connect(connection);
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().kind, ErrorKind::kConfig);
  EXPECT_THAT(up.error().message, HasSubstr("no_such_thing"));
}

TEST_F(ConnectionOnServer, TheServerEndsWhatTakesTooLong) {
  ConnectOptions hasty = options();
  hasty.statement_timeout_ms = 50;
  const Outcome slow = run(*connected(hasty), one("SELECT pg_sleep(100)"));
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().error.kind, ErrorKind::kTimeout);

  const auto person = connected();
  must(*person, {"CREATE TABLE IF NOT EXISTS held (n bigint)"});
  Batch holds(Place::kOpens);
  holds.add("LOCK TABLE held");
  ASSERT_TRUE(run(*person, std::move(holds)));
  hasty.statement_timeout_ms = 0;
  hasty.lock_timeout_ms = 20;
  const Outcome waits = run(*connected(hasty), one("SELECT * FROM held"));
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().error.kind, ErrorKind::kBusy);
}

TEST_F(ConnectionOnServer, SaysWhoHoldsALockAndCancelsTheWait) {
  ConnectOptions psql = options();
  psql.application_name = "psql";
  const auto person = connected(psql);
  const auto worker = connected();
  const auto asks = connected();
  must(*person, {"CREATE TABLE IF NOT EXISTS held (n bigint)"});
  Batch holds(Place::kOpens);
  holds.add("LOCK TABLE held");
  ASSERT_TRUE(run(*person, std::move(holds)));
  std::optional<Outcome> waits;
  worker->run(one("SELECT n FROM held"), [&](Outcome got) { waits = std::move(got); });
  std::vector<Blocker> blockers;
  while (blockers.empty()) {  // until the backend has come to the lock
    Batch ask;
    add_who_blocks(ask, worker->backend_pid());
    const Outcome answer = run(*asks, std::move(ask));
    ASSERT_TRUE(answer) << answer.error().error.message;
    blockers = blockers_of(answer->front());
  }
  ASSERT_EQ(blockers.size(), 1U);
  EXPECT_EQ(blockers[0].pid, person->backend_pid());
  EXPECT_EQ(blockers[0].state, "idle in transaction");
  EXPECT_THAT(describe(blockers), HasSubstr("pid " + std::to_string(person->backend_pid()) +
                                            " (psql, user tester, idle in transaction"));
  EXPECT_FALSE(waits);
  worker->cancel();
  until([&] { return waits.has_value(); });
  ASSERT_FALSE(*waits);
  EXPECT_EQ(waits->error().error.kind, ErrorKind::kTimeout);
  EXPECT_TRUE(run(*worker, one("SELECT 1")));
}

TEST_F(ConnectionOnServer, RefusalsHaveTheirKinds) {
  const auto admin = connected();
  must(*admin, {"DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger NOLOGIN"});
  const std::string host = "host=" + server_.directory();
  const std::vector<std::tuple<std::string, ErrorKind, std::string>> cases = {
      {host + " user=tester dbname=nowhere", ErrorKind::kNotFound, "\"nowhere\" does not exist"},
      {host + " user=stranger dbname=postgres", ErrorKind::kPermission, "not permitted to log in"},
      {host + " user=nobody_here dbname=postgres", ErrorKind::kPermission, "nobody_here"},
      {host + "/missing user=tester", ErrorKind::kUnavailable, "No such file"},
      {host + " user=tester sslmode=whatever", ErrorKind::kConfig, "sslmode"},
      {host + " user=tester port=x", ErrorKind::kConfig, "port"},
      {host + " user=tester port=1,2", ErrorKind::kConfig, "2 port numbers to 1 hosts"},
      {host + std::string(100, 'x'), ErrorKind::kConfig, "is too long"},
      {"hostaddr=here", ErrorKind::kConfig, "network address \"here\""},
      {"service=nowhere", ErrorKind::kConfig, "definition of service \"nowhere\" not found"}};
  for (const auto& [conninfo, kind, words] : cases) {
    Connection connection(loop_, options(conninfo));
    const Status up = connect(connection);
    ASSERT_FALSE(up) << conninfo;
    EXPECT_EQ(up.error().kind, kind) << up.error().message;
    EXPECT_THAT(up.error().message, HasSubstr(words));
    EXPECT_THAT(up.error().message, Not(HasSubstr("LOCATION")));
  }
}

TEST_F(ConnectionOnServer, TheFirstOfSeveralServersThatAnswersIsTaken) {
  const std::string here = server_.directory();
  const auto connection = connected(options("host=" + here + "/missing," + here + "," + here +
                                            " port=5432,5431,5432 user=tester dbname=postgres"));
  EXPECT_EQ(number(*connection, "SELECT 7::bigint"), 7);
}

TEST_F(ConnectionOnServer, ADatabaseOfAnotherEncodingIsRefused) {
  const auto admin = connected();
  must(*admin, {"DROP DATABASE IF EXISTS ascii",
                "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' "
                "TEMPLATE template0"});
  Connection connection(loop_, options(server_.conninfo("ascii")));
  const Status up = connect(connection);
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().kind, ErrorKind::kConfig);
  EXPECT_THAT(up.error().message, HasSubstr("SQL_ASCII"));
}

TEST_F(ConnectionOnServer, ACompletionMayDestroyTheConnection) {
  auto connection = connected();
  bool second = false;
  connection->run(one("SELECT 1"), [&](const Outcome&) { connection.reset(); });
  connection->run(one("SELECT 2"), [&](const Outcome&) { second = true; });
  until([&] { return connection == nullptr; });
  EXPECT_FALSE(second);
}

}  // namespace
}  // namespace tandem::pg
