// tables/reader.h, beyond what its answers are: limits, snapshots, and what goes wrong.
#include "tables/reader.h"

#include <gmock/gmock.h>
#include <signal.h>

#include "tables/reader_fixture.h"

namespace tandem::tables {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSchema = R"({"users":{"key":"name","columns":[
    {"name":"name","type":"text"},{"name":"age","type":"integer","null":true},
    {"name":"tags","type":"list of text","default":[]}],"indexes":[["age"]]},
  "other":{"key":"k","columns":[{"name":"k","type":"integer"}]}})";

class ReaderOnServer : public ReaderTest {
 protected:
  void add_users(int count) {
    for (int i = 0; i < count; ++i) {
      must_apply(R"({"table":"users","op":"insert","row":{"name":"u)" + std::to_string(i) +
                 R"(","age":)" + std::to_string(i % 10) + "}}");
    }
  }
  void begin_with(int users, const db::Limits& limits = {}) {
    begin(kSchema, limits);
    add_users(users);
    make_database("reader");
    copy_tables();
    start_reader();
  }
  std::string refusal(std::string_view query, ErrorKind kind, int64_t ms = 20'000,
                      uint64_t min_index = 0) {
    const Answer answer = read(query, ms, min_index);
    EXPECT_FALSE(answer.text) << *answer.text;
    if (answer.text) return "";
    EXPECT_EQ(answer.text.error().kind, kind) << answer.text.error().message;
    return answer.text.error().message;
  }
  // The rows of the table, each of which takes as long as PostgreSQL is asked for it.
  void make_slow(const std::string& seconds) {
    must_carry_out({"ALTER TABLE public.users RENAME TO quick",
                    "CREATE VIEW public.users AS SELECT quick.* FROM quick, "
                    "LATERAL (SELECT pg_sleep(" +
                        seconds + ") WHERE quick.name IS NOT NULL) AS s"});
  }
};

constexpr const char* kOne = R"({"table":"users","where":{"name":"u1"}})";

TEST_F(ReaderOnServer, ListsAreInTheOrderOfTheirItems) {
  begin(kSchema);
  int number = 0;
  for (const char* list : {R"(["é"])", R"(["ab"])", R"(["a","b"])", R"(["a"])", R"(["B"])",
                           R"([""])", "[]", R"(["a",""])", R"(["","a"])", R"(["Z"])"}) {
    must_apply(R"({"table":"users","op":"insert","row":{"name":"u)" + std::to_string(++number) +
               R"(","tags":)" + list + "}}");
  }
  make_database("reader", "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'");
  copy_tables();
  start_reader();
  EXPECT_EQ(*read(R"({"table":"users","columns":["tags"],"order":["tags"],"limit":6})").text,
            R"([{"tags":[]},{"tags":[""]},{"tags":["","a"]},{"tags":["B"]},{"tags":["Z"]},)"
            R"({"tags":["a"]}])");
  compare(R"({"table":"users","columns":["tags"],"order":["tags"]})");
  compare(R"({"table":"users","columns":["tags"],"order":["-tags"]})");
}

TEST_F(ReaderOnServer, ADatabaseThatIsMadeLaterIsFoundAtOnce) {
  begin(kSchema);
  // A database that is missing is looked for again only after this.
  options_.session.longest_pause_ms = 3'600'000;
  options_.session.connect = options(server_.conninfo("reader"));
  must(*connected(), {"DROP DATABASE IF EXISTS reader WITH (FORCE)"});
  reader_ = std::make_unique<Reader>(loop_, options_);
  reader_->start();
  EXPECT_THAT(refusal(kOne, ErrorKind::kUnavailable), HasSubstr("not known yet"));
  // As long as a session takes to be refused.
  pg::Connection refused(loop_, options(server_.conninfo("reader")));
  EXPECT_FALSE(connect(refused));
  make_database("reader");
  copy_tables();
  tell_schema();
  until([this] { return reader_->trouble().empty(); });
  compare(kOne);
}

TEST_F(ReaderOnServer, TheIndexIsThatOfTheSnapshot) {
  begin_with(3);
  EXPECT_EQ(read(kOne).index, index_);
  must_apply(R"({"table":"other","op":"insert","row":{"k":1}})");
  write_meta();
  const Answer next =
      read(R"({"reads":[{"table":"users","count":true},{"table":"users"}]})", 20'000, index_);
  EXPECT_EQ(next.index, index_);
  EXPECT_THAT(*next.text, HasSubstr("[[3],["));
  EXPECT_THAT(refusal(kOne, ErrorKind::kUnavailable, 20'000, index_ + 1), HasSubstr("gone back"));
}

TEST_F(ReaderOnServer, LimitsOfAnswersAreThoseOfTheFileBackEnd) {
  db::Limits limits;
  limits.rows = 50;
  limits.answer_bytes = 1200;
  limits.reads = 3;
  begin_with(60, limits);
  for (const char* query :
       {R"({"table":"users"})", R"({"table":"users","columns":["age"]})",
        R"({"table":"users","columns":["age"],"offset":10})",
        R"({"table":"users","columns":["age"],"offset":9})", R"({"table":"users","limit":50})",
        R"({"table":"users","limit":20})", R"({"table":"users","where":{"age":{"ge":0}}})",
        R"({"table":"users","columns":["age"],"where":{"age":{"ge":2}}})",
        R"({"reads":[{"table":"users","limit":20},{"table":"users","limit":20}]})",
        R"({"reads":[{"table":"users","limit":20},{"table":"users","limit":-1}]})",
        R"({"reads":[{"table":"users"},{"table":"nobody"}]})",
        R"({"reads":[{"table":"other"},{"table":"nobody"}]})", R"({"reads":[]})",
        R"({"reads":[{"table":"other"},{"table":"other"},{"table":"other"},{"table":"other"}]})",
        R"({"reads":1})", R"({"table":)", "", R"({"table":"users","where":{"name":1}})"}) {
    compare(query);
    compare(query + std::string(70'000, ' '));
  }
  EXPECT_GT(reader_->large_reads(), 10U);
}

TEST_F(ReaderOnServer, WhatAReadCostsIsJudgedByWhatWasCommittedLast) {
  db::Limits limits;
  limits.read_cost = 30;
  begin_with(0, limits);
  add_users(40);
  const auto facts = meta().facts;
  reader_->set_facts(facts, schema_index_ + 1);
  EXPECT_EQ(*read(R"({"table":"users","count":true,"where":{"tags":["a"]}})").text, "[0]");
  reader_->set_facts(facts, schema_index_);
  compare(R"({"table":"users","count":true,"where":{"tags":["a"]}})");
  EXPECT_THAT(refusal(R"({"table":"users","limit":31})", ErrorKind::kTooLarge), HasSubstr("30"));
}

TEST_F(ReaderOnServer, WhatLooksAtTooManyRowsIsRefusedAsElsewhere) {
  db::Limits limits;
  limits.read_cost = 300;
  begin_with(200, limits);
  const std::string one = R"({"table":"users","count":true,"where":{"tags":["a"]}})";
  const std::string both = "{\"reads\":[" + one + "," + one + "]}";
  for (const char* query :
       {one.c_str(), R"({"table":"users"})", R"({"table":"users","count":true})",
        R"({"table":"users","limit":20})", R"({"table":"users","order":["-age"],"limit":1})",
        R"({"table":"users","limit":1,"offset":199})",
        R"({"table":"users","count":true,"where":{"tags":{"ne":["a"],"in":[["a"],["b"],[]]}}})",
        both.c_str()}) {
    compare(query);
  }
}

TEST_F(ReaderOnServer, ANewSchemaIsWaitedFor) {
  begin_with(3);
  const Reader* reader = reader_.get();
  const auto change = db::schema_of(R"({"users":{"key":"name","columns":[
    {"name":"name","type":"text"},{"name":"age","type":"integer","null":true},
    {"name":"tags","type":"list of text","default":[]},
    {"name":"town","type":"text","default":"Oslo"}],"indexes":[["age"]]},
    "other":{"key":"k","columns":[{"name":"k","type":"integer"}]}})");
  must_carry_out(change_sql(file_->schema(), change));
  must_apply("{\"schema\":" + to_json(change).dump() + "}");
  schema_index_ = index_;
  write_meta();
  const auto small = ask(kOne);
  const auto large = ask(kOne + std::string(70'000, ' '));
  // Something that is answered behind them.
  EXPECT_EQ(text(*connection_, "SELECT 'x'"), "x");
  until([&] { return reader->large_reads() == 1; });
  EXPECT_THAT(refusal(kOne, ErrorKind::kTimeout, 60), HasSubstr("not answered"));
  EXPECT_FALSE(*small);
  EXPECT_FALSE(*large);
  tell_schema();
  until([&] { return small->has_value() && large->has_value(); });
  compare(kOne, (*small)->text);
  compare(kOne, (*large)->text);
  EXPECT_THAT(*(*small)->text, HasSubstr("Oslo"));
}

TEST_F(ReaderOnServer, WhereTablesAreReplacedNobodyReads) {
  begin_with(3);
  const auto small = ask(kOne);
  const auto sent = ask(kOne);
  const auto large = ask(kOne + std::string(70'000, ' '));
  loop_.run_once_nowait();
  const auto waits = ask(kOne + std::string(70'000, ' '));
  reader_->forget_schema("the tables are made anew");
  for (const auto* answer : {small.get(), sent.get(), large.get(), waits.get()}) {
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->text.error().message, "the tables are made anew");
  }
  EXPECT_EQ(refusal(kOne, ErrorKind::kUnavailable), "the tables are made anew");
  tell_schema();
  until([this] { return reader_->trouble().empty(); });
  compare(kOne);
  compare(kOne + std::string(70'000, ' '));
}

TEST_F(ReaderOnServer, WithoutPostgresItSaysSo) {
  begin_with(3);
  must(*connected(), {"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                      "application_name LIKE '%reader%'"});
  until([&] { return !reader_->trouble().empty(); });
  EXPECT_THAT(refusal(kOne, ErrorKind::kUnavailable), HasSubstr("PostgreSQL"));
  until([&] { return reader_->trouble().empty(); });
  compare(kOne);
}

TEST_F(ReaderOnServer, AFrozenServerHoldsNobodyBeyondTheDeadline) {
  begin_with(3);
  const auto admin = connected();
  std::vector<pid_t> backends;
  for (const char* pid : {"min(pid)", "max(pid)"}) {
    backends.push_back(static_cast<pid_t>(
        number(*admin, std::string("SELECT ") + pid +
                           "::bigint FROM pg_stat_activity WHERE application_name "
                           "LIKE '%reader%'")));
  }
  for (const pid_t pid : backends) kill(pid, SIGSTOP);
  EXPECT_THAT(refusal(kOne, ErrorKind::kTimeout, 50), HasSubstr("not answered"));
  EXPECT_THAT(refusal(kOne + std::string(70'000, ' '), ErrorKind::kTimeout, 50),
              HasSubstr("not answered"));
  for (const pid_t pid : backends) kill(pid, SIGCONT);
  compare(kOne);
  compare(kOne + std::string(70'000, ' '));
}

TEST_F(ReaderOnServer, ALockedTableIsNamedAndHoldsUpNoOther) {
  begin_with(3);
  const auto person = connected(options(server_.conninfo("reader")));
  must(*person, {"SET application_name = 'psql'", "BEGIN",
                 "LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE"});
  const auto held = ask(kOne);
  const auto another = ask(kOne);
  compare(R"({"table":"other"})");
  // Large ones of other tables go before those.
  compare(R"({"table":"other"})" + std::string(70'000, ' '));
  until([&] { return held->has_value() && another->has_value(); });
  for (const auto* answer : {held.get(), another.get()}) {
    ASSERT_FALSE((*answer)->text);
    EXPECT_EQ((*answer)->text.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT((*answer)->text.error().message, HasSubstr("(psql, user tester"));
    EXPECT_THAT((*answer)->text.error().message,
                HasSubstr("pid " + std::to_string(person->backend_pid())));
  }
  must(*person, {"COMMIT"});
  compare(kOne);
  const uint64_t before = reader_->large_reads();
  compare(kOne);
  EXPECT_EQ(reader_->large_reads(), before) << "it is small again";
}

TEST_F(ReaderOnServer, WhatTakesTooLongIsTooDear) {
  begin_with(3);
  make_slow("0.7");
  // Beyond what a small one may take, and answered all the same.
  compare(kOne);
  EXPECT_EQ(reader_->large_reads(), 1U);
  must(*connection_, {"ALTER VIEW public.users RENAME TO slow",
                      "CREATE VIEW public.users AS SELECT slow.* FROM slow, pg_sleep(30)"});
  EXPECT_EQ(refusal(kOne, ErrorKind::kTooLarge, 1'000),
            "table 'users': to answer this costs more than looking at 2000000 rows: ask by the "
            "key or the columns of an index, or for less");
  compare(R"({"table":"other"})");
}

TEST_F(ReaderOnServer, WhatWaitsIsBounded) {
  options_.max_small = 10;
  options_.max_large = 3;
  begin_with(3);
  std::vector<std::unique_ptr<std::optional<Answer>>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(ask(kOne));
  for (int i = 0; i < 20; ++i) answers.push_back(ask(kOne + std::string(70'000, ' ')));
  size_t busy = 0;
  for (const auto& answer : answers) {
    until([&] { return answer->has_value(); });
    if (!(*answer)->text && (*answer)->text.error().kind == ErrorKind::kBusy) ++busy;
  }
  EXPECT_EQ(busy, 10U + 16U);
  compare(kOne);
}

TEST_F(ReaderOnServer, LargeAnswersComeInPartsAndWaitForRoom) {
  begin(kSchema);
  const std::string tag(300'000, 'x');
  for (int i = 0; i < 30; ++i) {
    must_apply(R"({"table":"users","op":"insert","row":{"name":"u)" + std::to_string(i) +
               R"(","tags":[")" + tag + "\"]}}");
  }
  make_database("reader");
  copy_tables();
  start_reader();
  compare(R"({"table":"users"})");
  compare(kOne);
  EXPECT_EQ(reader_->large_reads(), 1U);
  bool has_room = false;
  std::optional<std::string> answer;
  reader_->read(R"({"table":"users","limit":20})", 0, deadline(20'000),
                [&](Result<std::string> got, uint64_t) { answer = *got; },
                [&] { return has_room; });
  compare(kOne);
  EXPECT_FALSE(answer);
  has_room = true;
  until([&] { return answer.has_value(); });
  EXPECT_EQ(*answer, *file_->query(R"({"table":"users","limit":20})"));
}

}  // namespace
}  // namespace tandem::tables
