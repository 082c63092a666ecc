// Random commands and queries against the model, and against a copy restored from a snapshot.
#include "db/fixture.h"
#include "db/generator.h"
#include "db/model.h"

namespace tandem::db {
namespace {

using wire::Json;

class PropertyTest : public testing::TestWithParam<int> {
 protected:
  PropertyTest()
      : model_(json_of(kEveryKindSchema)), generator_(static_cast<uint64_t>(GetParam())) {
    apply(database_, "{\"schema\":" + std::string(kEveryKindSchema) + "}");
  }

  repl::Applied apply(Database& database, const std::string& command) {
    wire::Entry entry;
    entry.index = ++index_;
    entry.payload = command;
    return database.apply(entry);
  }

  // One command on both; the same answer.
  void step() {
    const Json command = generator_.command();
    const Model::Outcome expected = model_.apply(command);
    const repl::Applied applied = apply(database_, command.dump());
    ASSERT_EQ(applied.status, expected.status) << command.dump() << "\n" << applied.body;
    answered_[expected.status] += 1;
    if (expected.status == 200) {
      ASSERT_EQ(applied.body,
                "{\"index\":" + std::to_string(index_) + ",\"results\":" + expected.results + "}")
          << command.dump();
      return;
    }
    const Json body = json_of(applied.body);
    const Json* condition = body.find("error")->find("condition");
    const Json* operation = body.find("error")->find("operation");
    ASSERT_EQ(condition != nullptr ? *condition->as_int() : -1, expected.condition)
        << command.dump();
    ASSERT_EQ(operation != nullptr ? *operation->as_int() : -1, expected.operation)
        << command.dump();
  }

  void look() {
    const Json query = generator_.query();
    const auto answer = database_.query(query.dump());
    ASSERT_TRUE(answer.has_value()) << query.dump() << ": " << answer.error().message;
    ASSERT_EQ(*answer, model_.query(query)) << query.dump();
  }

  Database database_;
  Model model_;
  Generator generator_;
  uint64_t index_ = 0;
  std::map<int, int> answered_;
};

TEST_P(PropertyTest, AnswersAsTheModel) {
  for (int i = 0; i < 1500; ++i) {
    step();
    look();
    look();
    if (HasFatalFailure()) return;
  }
  // A run that only refuses or only agrees shows little.
  EXPECT_GT(answered_[200], 100);
  EXPECT_GT(answered_[409], 100);
}

TEST_P(PropertyTest, ARestoredCopyGoesOnTheSame) {
  for (int i = 0; i < 300; ++i) apply(database_, generator_.command().dump());
  Database copy;
  restore(copy, snapshot_of(database_));
  ASSERT_EQ(snapshot_of(copy), snapshot_of(database_));
  for (int i = 0; i < 300; ++i) {
    const Json command = generator_.command();
    const auto canonical = database_.check_command(command.dump());
    ASSERT_TRUE(canonical.has_value()) << command.dump() << ": " << canonical.error().message;
    const repl::Applied applied = apply(database_, command.dump());
    --index_;
    // The canonical text must mean the same.
    const repl::Applied again = apply(copy, *canonical);
    ASSERT_EQ(applied.status, again.status) << command.dump();
    ASSERT_EQ(applied.body, again.body) << command.dump();
  }
  EXPECT_EQ(snapshot_of(copy), snapshot_of(database_));
}

// As a replica applies it: what takes long is carried out beside the state, which can be read
// meanwhile as it was; now and then it is given up and begun anew.
TEST_P(PropertyTest, ALongCommandGivesTheSame) {
  Limits limits;
  limits.quick_cost = static_cast<uint64_t>(GetParam() % 4);
  Database other(limits);
  apply(other, "{\"schema\":" + std::string(kEveryKindSchema) + "}");
  index_ = 1;
  int quick = 0;
  int longer = 0;
  for (int i = 0; i < 600; ++i) {
    wire::Entry entry;
    entry.index = ++index_;
    entry.payload = generator_.command().dump();
    const auto before = snapshot_of(other);
    repl::Applying begun = other.begin(entry);
    if (i % 7 == 0 && !std::holds_alternative<repl::Applied>(begun)) begun = other.begin(entry);
    repl::Applied answer;
    if (auto* command = std::get_if<std::unique_ptr<repl::LongCommand>>(&begun)) {
      ++longer;
      ASSERT_EQ(snapshot_of(other), before) << entry.payload;
      (*command)->run([] { return false; });
      ASSERT_EQ(snapshot_of(other), before) << entry.payload;
      answer = (*command)->finish();
    } else {
      ++quick;
      answer = std::get<repl::Applied>(begun);
    }
    const repl::Applied expected = database_.apply(entry);
    ASSERT_EQ(answer.status, expected.status) << entry.payload;
    ASSERT_EQ(answer.body, expected.body) << entry.payload;
    ASSERT_EQ(snapshot_of(other), snapshot_of(database_)) << entry.payload;
  }
  EXPECT_GT(longer, 15);
  EXPECT_GT(quick, 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PropertyTest, testing::Range(1, 21));

}  // namespace
}  // namespace tandem::db
