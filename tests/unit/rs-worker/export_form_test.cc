#include "rs-worker/export_form.h"

#include <gtest/gtest.h>

#include "db/database.h"
#include "support/temporary_directory.h"

namespace tandem::worker {
namespace {

// The rows of tables, with those of keys before them.
class Rows final : public repl::FrozenState {
 public:
  explicit Rows(std::unique_ptr<repl::FrozenState> tables) : tables_(std::move(tables)) {}
  bool write_rows(const repl::RowSink& sink) const override {
    return sink(R"({"key_clock":{"log_time":1,"clock":1}})") && tables_->write_rows(sink);
  }

 private:
  std::unique_ptr<repl::FrozenState> tables_;
};

TEST(ExportFormTest, HasTheRowsOfTheTablesAlone) {
  db::Database database;
  uint64_t index = 0;
  const auto apply = [&](const std::string& command) {
    wire::Entry entry;
    entry.index = ++index;
    entry.payload = command;
    EXPECT_EQ(database.apply(entry).status, 200);
  };
  apply(R"({"schema":{"t":{"key":"id","columns":[{"name":"id","type":"integer"},
           {"name":"text","type":"text"}]}}})");
  for (int i = 0; i < 100; ++i) {
    apply(R"({"table":"t","op":"insert","row":{"id":)" + std::to_string(i) + R"(,"text":")" +
          std::string(10'000, 'x') + "\"}}");
  }
  support::TemporaryDirectory directory;
  replica::Spool spool(directory.path(), 0);
  repl::Picture picture;
  picture.index = index;
  picture.rows = std::make_unique<Rows>(database.freeze());
  ExportForm form("g", picture);
  ASSERT_TRUE(spool.write(std::move(picture), form, [] { return false; }));
  const std::string whole = spool.read(0, 10 << 20).value();
  db::ExportReader reader(db::ExportReader::Depth::kRows);
  for (std::string_view text = whole; !text.empty();) {
    const size_t end = text.find('\n');
    const Status read = reader.line(text.substr(0, end));
    ASSERT_TRUE(read) << read.error().message;
    text.remove_prefix(end + 1);
  }
  ASSERT_TRUE(reader.end());
  EXPECT_EQ(reader.total_rows(), 100u);
  EXPECT_EQ(reader.header().index, index);
}

}  // namespace
}  // namespace tandem::worker
