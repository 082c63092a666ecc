// Random commands on a database and on a partial one whose rows are in another place: the same
// answers and the same rows, whatever the batches.
#include "db/partial_database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "db/fixture.h"
#include "db/generator.h"
#include "db/write_cost.h"

namespace tandem::db {
namespace {

// Where the rows are: gives what is asked for, and takes what was changed, as an engine would.
class Store {
 public:
  void set_schema(const Schema& schema) {
    tables_.clear();
    for (const TableSchema& table : schema.tables()) tables_.emplace_back(table);
  }

  // Loads all that is missing; some columns stay here.
  void fetch(PartialDatabase& partial, const std::vector<Columns>& elsewhere) const {
    for (size_t i = 0; i < tables_.size(); ++i) {
      const Residency::Missing missing = partial.missing(i);
      std::vector<uint64_t> found(missing.wheres.size());
      tables_[i].rows().visit_from({}, [&](const Row& row) {
        bool wanted =
            missing.keys.contains(row[tables_[i].key()]) ||
            std::any_of(missing.ranges.begin(), missing.ranges.end(),
                        [&](const Range& range) { return is_in(row, range, tables_[i]); });
        auto rows = found.begin();
        for (const auto& [where, most] : missing.wheres) {
          const bool is_found = where.holds(row) && *rows < most;
          *rows++ += is_found ? 1 : 0;
          wanted = wanted || is_found;
        }
        if (wanted) partial.load(i, fetched(row, elsewhere[i]));
        return true;
      });
      for (const auto& [index, keys] : missing.below)
        fetch_below(partial, i, index, keys, elsewhere[i]);
      partial.know(i, missing, found);
    }
  }

  void write(const std::vector<TableChanges>& changes) {
    for (size_t i = 0; i < changes.size(); ++i) {
      for (const Value& key : changes[i].erased) tables_[i].erase(key);
      for (const RowPtr& row : changes[i].put) put(tables_[i], *row);
    }
  }

  const std::vector<Table>& tables() const { return tables_; }

 private:
  static RowPtr fetched(Row row, const Columns& elsewhere) {
    for (size_t i = 0; i < elsewhere.size(); ++i) {
      if (elsewhere[i] && !is_null(row[i])) row[i] = Elsewhere{text_bytes(row[i])};
    }
    return std::make_shared<const Row>(std::move(row));
  }
  static void put(Table& table, Row row) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (is_elsewhere(row[i])) row[i] = (*table.find(row[table.key()]).row)[i];
    }
    table.put(std::make_shared<const Row>(std::move(row)));
  }

  void fetch_below(PartialDatabase& partial, size_t table, size_t index, Residency::Keys keys,
                   const Columns& elsewhere) const {
    const size_t refers = tables_[table].indexes()[index].columns().front();
    bool is_more = true;
    while (is_more) {
      is_more = false;
      tables_[table].rows().visit_from({}, [&](const Row& row) {
        if (!keys.contains(row[refers])) return true;
        partial.load(table, fetched(row, elsewhere));
        partial.know_below(table, index, row[tables_[table].key()]);
        is_more = keys.insert(row[tables_[table].key()]).second || is_more;
        return true;
      });
    }
  }

  static bool is_in(const Row& row, const Range& range, const Table& table) {
    std::vector<size_t> columns{table.key()};
    if (range.index != Range::kByKey) columns = table.indexes()[range.index].columns();
    for (size_t i = 0; i < range.equal.size(); ++i) {
      if (compare(row[columns[i]], range.equal[i]) != 0) return false;
    }
    if (!range.low && !range.high) return true;
    const Value& next = row[columns[range.equal.size()]];
    return (!range.low || compare(next, *range.low) >= 0) &&
           (!range.high || compare(next, *range.high) <= 0);
  }

  std::vector<Table> tables_;
};

class PartialDatabaseTest : public testing::TestWithParam<int> {
 protected:
  PartialDatabaseTest()
      : generator_(static_cast<uint64_t>(GetParam())), random_(static_cast<uint64_t>(GetParam())) {
    if (GetParam() > 4) generator_.make_large_sets();
    if (GetParam() % 4 < 2) generator_.make_edges();
    wire::Entry entry;
    entry.payload = "{\"schema\":" + std::string(kEveryKindSchema) + "}";
    whole_.apply(entry);
    const Schema schema = schema_of(kEveryKindSchema);
    store_.set_schema(schema);
    std::vector<TableFacts> facts;
    for (const TableSchema& table : schema.tables()) {
      const std::vector<uint64_t> none(table.columns.size());
      facts.push_back({0, 0, none, none});
    }
    partial_.reset(std::make_shared<const Schema>(schema), facts);
  }

  std::vector<Change> parsed(const std::vector<std::string>& texts) {
    std::vector<Change> changes;
    for (const std::string& text : texts) {
      auto parsed = partial_.parse(text);
      if (auto* change = std::get_if<Change>(&parsed)) {
        changes.push_back(std::move(*change));
      } else {
        ADD_FAILURE() << text;
      }
    }
    return changes;
  }

  void carry_out(size_t size, bool rehearses) {
    std::vector<std::string> texts;
    while (texts.size() < size) texts.push_back(generator_.change().dump());
    carry_out(texts, rehearses);
  }
  void carry_out(const std::vector<std::string>& texts, bool rehearses) {
    const std::vector<Change> changes = parsed(texts);
    std::vector<const Change*> together;
    for (const Change& change : changes) together.push_back(&change);
    const std::vector<Columns> elsewhere =
        columns_elsewhere(together, partial_.schema(), partial_.tables());
    for (const Columns& columns : elsewhere) stayed_ += columns.empty() ? 0 : 1;
    if (rehearses) {
      for (const Change& change : changes) partial_.rehearse(change);
      partial_.end_rehearsal();
      store_.fetch(partial_, elsewhere);
    }
    for (size_t i = 0; i < changes.size(); ++i) {
      wire::Entry entry;
      entry.index = ++index_;
      entry.payload = texts[i];
      const repl::Applied expected = whole_.apply(entry);
      std::optional<repl::Applied> answer;
      while (!(answer = partial_.carry_out(changes[i], index_))) {
        ASSERT_TRUE(partial_.misses_any());
        store_.fetch(partial_, elsewhere);
        ++fetches_;
      }
      ASSERT_EQ(answer->body, expected.body) << texts[i];
      ASSERT_EQ(answer->status, expected.status);
      ++answered_[expected.status];
    }
    store_.write(partial_.changes());
    partial_.start_anew();
    ++batches_;
  }

  void compare_rows() {
    const std::vector<Table>& tables = whole_.tables();
    for (size_t i = 0; i < tables.size(); ++i) {
      std::vector<Row> expected;
      std::vector<Row> stored;
      const auto collect = [](std::vector<Row>& rows) {
        return [&rows](const Row& row) {
          rows.push_back(row);
          return true;
        };
      };
      tables[i].rows().visit_from({}, collect(expected));
      store_.tables()[i].rows().visit_from({}, collect(stored));
      ASSERT_EQ(stored, expected);
      const TableFacts facts = partial_.facts()[i];
      EXPECT_EQ(facts.rows, expected.size());
      EXPECT_EQ(facts.counter, tables[i].counter());
      EXPECT_EQ(facts.text_bytes, tables[i].text_bytes());
    }
  }

  Database whole_;
  Store store_;
  PartialDatabase partial_{Limits{}, GetParam() % 2 == 0 ? 0 : Residency::kSmallRange};
  Generator generator_;
  std::mt19937_64 random_;
  uint64_t index_ = 0;
  std::map<int, int> answered_;
  int batches_ = 0;
  int fetches_ = 0;
  int stayed_ = 0;  // columns of a table, in a batch
};

TEST_P(PartialDatabaseTest, AnswersAsTheWholeOne) {
  for (int i = 0; i < 200; ++i) {
    carry_out(1 + random_() % 16, true);
    if (HasFatalFailure()) return;
    if (i % 10 == 0) compare_rows();
  }
  compare_rows();
  EXPECT_GT(answered_[200], 200);
  EXPECT_GT(answered_[409], 200);
  EXPECT_EQ(stayed_ > 0, GetParam() % 4 < 2) << "long texts are among the edges";
  // What is rehearsed is, nearly always, what is needed.
  EXPECT_LT(fetches_, batches_ * 2);
}

TEST_P(PartialDatabaseTest, FetchesWhatWasNotRehearsed) {
  for (int i = 0; i < 100; ++i) carry_out(1 + random_() % 8, false);
  compare_rows();
}

// However long it is: a round trip for each row would hold up the whole group.
TEST_P(PartialDatabaseTest, AChainOfReferencesIsFetchedAtOnce) {
  std::vector<std::string> inserts;
  for (int i = 0; i < 200; ++i) {
    inserts.push_back(R"({"table":"nodes","op":"insert","row":{"id":)" + std::to_string(i) +
                      ",\"parent\":" + (i == 0 ? "null" : std::to_string(i - 1)) + "}}");
  }
  carry_out(inserts, true);
  fetches_ = 0;
  carry_out({R"({"table":"nodes","op":"delete","where":{"id":5}})"}, true);
  EXPECT_LE(fetches_, 2);
  compare_rows();
}

INSTANTIATE_TEST_SUITE_P(Seeds, PartialDatabaseTest, testing::Range(1, 9));

}  // namespace
}  // namespace tandem::db
