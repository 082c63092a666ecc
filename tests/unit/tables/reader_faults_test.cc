// Reads while connections break, after any byte of either direction.
#include <random>

#include "pg/fault_proxy.h"
#include "tables/query_generator.h"
#include "tables/reader_fixture.h"

namespace tandem::tables {
namespace {

class ReaderFaultsOnServer : public ReaderTest {};

TEST_F(ReaderFaultsOnServer, EachReadHasOneAnswerAndItIsTrue) {
  begin(kEdgesSchema);
  QueryGenerator generator(77);
  for (int i = 0; i < 300; ++i) apply(generator.insert());
  make_database("faults");
  copy_tables();
  const std::string directory = server_.make_directory("proxy");
  pg::FaultProxy proxy(loop_, directory, server_.directory());
  options_.session.first_pause_ms = 1;
  options_.session.longest_pause_ms = 1;
  options_.session.connect = options("host=" + directory + " user=tester dbname=" + database_);
  options_.session.connect.silence_ms = 5'000;
  reader_ = std::make_unique<Reader>(loop_, options_);
  tell_schema();
  reader_->start();

  std::mt19937 random(7);
  size_t answered = 0;
  size_t failed = 0;
  for (int round = 0; round < 60; ++round) {
    // Enough for a session to be set up, most of the time.
    proxy.plan(pg::Fault::kNone, true, 0);
    until([this] { return reader_->trouble().empty(); });
    std::vector<std::pair<std::string, std::unique_ptr<std::optional<Answer>>>> asked;
    for (int i = 0; i < 30; ++i) {
      std::string query = generator.read();
      if (i % 5 == 0) query.append(size_t{65} << 10, ' ');
      auto answer = ask(query);
      asked.emplace_back(std::move(query), std::move(answer));
    }
    for (int turns = static_cast<int>(random() % 20); turns > 0; --turns) loop_.run_once_nowait();
    if (round % 2 == 0) {
      proxy.cut();
    } else {
      // Those that are made anew break while they are set up, or behind the first reads.
      proxy.plan(pg::Fault::kCut, random() % 2 == 0, 200 + random() % 6'000);
      proxy.cut();
    }
    for (const auto& [query, answer] : asked) {
      until([&answer = answer] { return answer->has_value(); });
      const Result<std::string>& text = (*answer)->text;
      if (!text && text.error().kind == ErrorKind::kUnavailable) {
        ++failed;
        continue;
      }
      ++answered;
      compare(query, text);
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(answered, 100U);
  EXPECT_GT(failed, 100U);
}

}  // namespace
}  // namespace tandem::tables
