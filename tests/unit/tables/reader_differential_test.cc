// Reads from PostgreSQL against those of the file back end: the same bytes, the same refusals.
#include <deque>

#include "db/generator.h"
#include "tables/query_generator.h"
#include "tables/reader_fixture.h"

namespace tandem::tables {
namespace {

class DifferentialOnServer : public ReaderTest, public testing::WithParamInterface<uint64_t> {
 protected:
  // Collations and settings that another owner of the server may have chosen.
  void make_odd_database(uint64_t seed) {
    const bool icu = seed % 2 == 0;
    make_database("differential", icu ? "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' "
                                        "LOCALE 'C.UTF-8'"
                                      : "ENCODING 'UTF8'");
    std::vector<std::string> settings = {"transform_null_equals = on",
                                         "array_nulls = off",
                                         "search_path = pg_catalog",
                                         "datestyle = 'German'",
                                         "default_transaction_isolation = serializable",
                                         "timezone = 'Asia/Tokyo'",
                                         "bytea_output = escape",
                                         "quote_all_identifiers = on"};
    if (seed % 3 == 1) settings.emplace_back("enable_indexscan = off");
    if (seed % 3 == 2) settings.emplace_back("enable_seqscan = off");
    for (const std::string& setting : settings) {
      must(*connection_, {"ALTER DATABASE differential SET " + setting});
    }
  }

  // `large`: as what takes longer is read.
  void compare_many(size_t count, bool large, const std::function<std::string()>& next) {
    const uint64_t large_before = reader_->large_reads();
    size_t with_rows = 0;
    size_t refused = 0;
    struct Asked {
      std::string query;
      std::unique_ptr<std::optional<Answer>> answer;
    };
    std::deque<Asked> asked;
    for (size_t i = 0; (i < count || !asked.empty()) && !HasFatalFailure();) {
      for (; i < count && asked.size() < 64; ++i) {
        std::string query = next();
        if (large) query.append(size_t{65} << 10, ' ');
        auto answer = ask(query);
        asked.push_back({std::move(query), std::move(answer)});
      }
      until([&] { return asked.front().answer->has_value(); });
      const Result<std::string>& answer = (**asked.front().answer).text;
      compare(asked.front().query, answer);
      with_rows += answer && answer->find("\":") != std::string::npos ? 1 : 0;
      refused += answer ? 0 : 1;
      asked.pop_front();
    }
    // It means something.
    EXPECT_GT(with_rows, count / 20);
    EXPECT_LT(refused, count / 2);
    EXPECT_EQ(reader_->large_reads() - large_before > count / 2, large);
  }
};

TEST_P(DifferentialOnServer, ValuesAtTheEdges) {
  begin(kEdgesSchema);
  QueryGenerator generator(GetParam());
  for (int i = 0; i < 600; ++i) apply(generator.insert());
  ASSERT_GT(file_->tables()[0].row_count(), 30U);
  make_odd_database(GetParam());
  copy_tables();
  start_reader();
  compare_many(1500, false, [&] { return generator.read(); });
  compare_many(300, true, [&] { return generator.read(); });
}

TEST_P(DifferentialOnServer, EveryKindOfTable) {
  begin(db::kEveryKindSchema);
  db::Generator generator(GetParam());
  for (int i = 0; i < 500; ++i) apply(generator.change().dump());
  make_odd_database(GetParam());
  copy_tables();
  start_reader();
  compare_many(500, false, [&] { return generator.query().dump(); });
}

INSTANTIATE_TEST_SUITE_P(Seeds, DifferentialOnServer, testing::Range<uint64_t>(0, 6));

}  // namespace
}  // namespace tandem::tables
