// pg/array.h, pg/parameters.h, pg/statement_cache.h, pg/server_check.h, pg/failure.h and what is
// made of libpq's words: all pure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "pg/array.h"
#include "pg/batch.h"
#include "pg/connect_error.h"
#include "pg/connection.h"
#include "pg/failure.h"
#include "pg/server_check.h"
#include "pg/statement_cache.h"

namespace tandem::pg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(PgArray, WhatIsMadeIsWellFormedAndReadBack) {
  const std::vector<std::optional<std::string_view>> values = {"", std::nullopt, "a\"b,{}\\", "é"};
  Parameters parameters;
  parameters.text_array(values);
  const std::string_view bytes = *parameters.value(0);
  EXPECT_TRUE(array_is_well_formed(bytes, 25, std::nullopt));
  EXPECT_EQ(array_elements(bytes), values);
  EXPECT_FALSE(array_is_well_formed(bytes, 20, std::nullopt)) << "another type";
  EXPECT_FALSE(array_is_well_formed(bytes, 25, 1)) << "other sizes";
  parameters.clear();
  parameters.int64_array(std::span<const int64_t>{});
  EXPECT_TRUE(array_is_well_formed(*parameters.value(0), 20, 8));
  EXPECT_THAT(array_elements(*parameters.value(0)), ElementsAre());
}

TEST(PgArray, DamageIsSeenOrHarmless) {
  const std::vector<std::optional<std::string_view>> values = {"one", std::nullopt, "three"};
  Parameters parameters;
  parameters.text_array(values);
  const std::string whole(*parameters.value(0));
  std::mt19937 random(7);
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(array_is_well_formed(whole.substr(0, cut), 25, std::nullopt)) << cut;
  }
  EXPECT_FALSE(array_is_well_formed(whole + "x", 25, std::nullopt));
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    damaged[random() % damaged.size()] = static_cast<char>(random());
    if (array_is_well_formed(damaged, 25, std::nullopt)) {
      for (const auto& element : array_elements(damaged)) {
        EXPECT_LE(element.value_or("").size(), whole.size());
      }
    }
  }
}

TEST(PgParameters, RefuseWhatCannotBeHeld) {
  Parameters fine;
  fine.text("").int64(1).null(Type::kText).boolean(false);
  EXPECT_TRUE(fine.status());
  EXPECT_EQ(fine.size(), 4U);
  EXPECT_EQ(fine.value(0), "");
  EXPECT_EQ(fine.value(2), std::nullopt);
  Parameters many;
  for (int i = 0; i < 65'536; ++i) many.boolean(true);
  EXPECT_FALSE(many.status());
  Parameters nul;
  nul.text(std::string_view("\0", 1));
  EXPECT_EQ(nul.status().error().kind, ErrorKind::kBadInput);
  nul.clear();
  EXPECT_TRUE(nul.status());
  Batch batch;
  batch.add(std::string_view("SELECT\0 1", 9));
  EXPECT_FALSE(batch.status());
}

TEST(PgStatementCache, TheLongestUnusedGoesButNoneThatIsNeededNow) {
  StatementCache cache(2);
  const auto a = cache.use("a", {});
  EXPECT_TRUE(a.is_new);
  const auto b = cache.use("b", {});
  EXPECT_FALSE(cache.use("a", {}).is_new);
  EXPECT_THAT(cache.evict(cache.uses()), ElementsAre());
  const uint64_t since = cache.uses();
  cache.use("c", {});
  EXPECT_TRUE(cache.use("c", {Type::kText}).is_new) << "other types, another statement";
  EXPECT_TRUE(cache.use("c", {Type::kInt64}).is_new);
  EXPECT_THAT(cache.evict(since), ElementsAre(b.id, a.id)) << "three are needed now";
  EXPECT_EQ(cache.size(), 3U);
  const auto again = cache.use("a", {});
  EXPECT_TRUE(again.is_new);
  EXPECT_NE(again.id, a.id);
  cache.drop(again.id);
  EXPECT_TRUE(cache.use("a", {}).is_new);
  cache.clear();
  EXPECT_EQ(cache.size(), 0U);
}

TEST(PgServerCheck, NamesWhatItRefuses) {
  const ServerFacts fine{.version = 130000,
                         .fsync = "on",
                         .encoding = "UTF8",
                         .standard_conforming_strings = "on",
                         .is_standby = false};
  EXPECT_TRUE(check_server(fine));
  const auto refusal = [](const ServerFacts& facts) { return check_server(facts).error(); };
  ServerFacts facts = fine;
  facts.version = 129999;
  EXPECT_THAT(refusal(facts).message, HasSubstr("too old"));
  EXPECT_EQ(refusal(facts).kind, ErrorKind::kConfig);
  facts = fine;
  facts.fsync = "off";
  EXPECT_THAT(refusal(facts).message, HasSubstr("fsync=off"));
  facts = fine;
  facts.encoding = "LATIN1";
  EXPECT_THAT(refusal(facts).message, HasSubstr("LATIN1"));
  facts = fine;
  facts.standard_conforming_strings = "off";
  EXPECT_EQ(refusal(facts).kind, ErrorKind::kConfig);
  facts = fine;
  facts.is_standby = true;
  EXPECT_EQ(refusal(facts).kind, ErrorKind::kUnavailable);
}

TEST(PgServerCheck, WhatTheOptionsSayWins) {
  ConnectOptions options{.conninfo = {}, .application_name = "x"};
  options.synchronous_commit = false;
  options.settings = {{"jit", "on"}, {"search_path", "tandem"}};
  const auto settings = session_settings(options, 170000);
  const std::map<std::string, std::string> by_name(settings.begin(), settings.end());
  EXPECT_EQ(by_name.size(), settings.size()) << "each once";
  EXPECT_EQ(by_name.at("synchronous_commit"), "off");
  EXPECT_EQ(by_name.at("jit"), "on");
  EXPECT_EQ(by_name.at("search_path"), "tandem");
  EXPECT_EQ(by_name.count("transaction_timeout"), 1U);
  EXPECT_EQ(std::map(settings.begin(), settings.end()).count("idle_session_timeout"), 1U);
}

TEST(PgFailure, CodesHaveTheirKinds) {
  EXPECT_EQ(kind_of_sqlstate("57P03"), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of_sqlstate("57014"), ErrorKind::kTimeout);
  EXPECT_EQ(kind_of_sqlstate("53300"), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of_sqlstate("53100"), ErrorKind::kNoSpace);
  EXPECT_EQ(kind_of_sqlstate("40003"), ErrorKind::kUnknown);
  EXPECT_EQ(kind_of_sqlstate("40001"), ErrorKind::kConflict);
  EXPECT_EQ(kind_of_sqlstate("28P01"), ErrorKind::kPermission);
  EXPECT_EQ(kind_of_sqlstate("42601"), ErrorKind::kBug);
  EXPECT_EQ(kind_of_sqlstate(""), ErrorKind::kBug);
}

TEST(PgConnectError, TheLastAddressCounts) {
  const Error error = connect_error(
      "connection to server at \"h1\", port 5432 failed: FATAL:  3D000: database \"a\" does not "
      "exist\nLOCATION:  InitPostgres, postinit.c:1007\n"
      "connection to server at \"h2\", port 5432 failed: FATAL:  57P03: the database system is "
      "starting up\nLOCATION:  ProcessStartupPacket, postmaster.c:2445\n",
      false);
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("FATAL:  the database system is starting up (57P03)"));
  EXPECT_THAT(error.message, Not(HasSubstr("LOCATION")));
  EXPECT_EQ(connect_error("anything", true).kind, ErrorKind::kPermission);
  EXPECT_EQ(connect_error("invalid sslmode value: \"x\"\n", false).kind, ErrorKind::kConfig);
  EXPECT_EQ(connect_error("", false).kind, ErrorKind::kUnavailable);
  EXPECT_THAT(connect_error("a\n\x1b[31mb\n", false).message, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace tandem::pg
