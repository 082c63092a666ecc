// An export of a database, read as an import reads it and written into another one, batch by batch:
// what that has in the end is the same, byte for byte, with the counters of its keys.
#include "rs-client/import_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "db/database.h"
#include "db/export_format.h"
#include "db/generator.h"
#include "rs-client/export_file.h"
#include "rs-client/import_batches.h"
#include "support/temporary_directory.h"

namespace tandem::client {
namespace {

using db::Database;
using testing::HasSubstr;

bool go_on(uint64_t) { return true; }

class ImportPlanTest : public testing::Test {
 protected:
  repl::Applied apply(Database& database, const std::string& command) {
    wire::Entry entry;
    entry.index = ++index_;
    entry.payload = command;
    return database.apply(entry);
  }

  static std::string export_of(const Database& database) {
    db::ExportWriter writer("rides-db", 7, 1000);
    std::string text;
    Status status;
    database.freeze()->write_rows([&](std::string_view row) {
      status = writer.add(row, text);
      return status.has_value();
    });
    EXPECT_TRUE(status && writer.finish(text));
    return text;
  }

  Result<ExportFile> read(const std::string& text) {
    const std::string path = directory_.path() + "/export";
    std::ofstream(path) << text;
    auto file = ExportFile::open(path, go_on);
    if (!file) return file;
    if (Status checked = file->check(go_on); !checked) return fail(checked.error());
    return file;
  }

  // Into an empty database with that schema; gives what it exports then.
  std::string import(const std::string& text, const std::string& schema) {
    Database to;
    EXPECT_EQ(apply(to, "{\"schema\":" + schema + "}").status, 200);
    const auto file = read(text);
    EXPECT_TRUE(file) << file.error().message;
    const auto plan = ImportPlan::make(file->header(), file->sections());
    EXPECT_TRUE(plan) << plan.error().message;
    ImportBatches batches(*file, *plan, ImportBatches::With::kOperations);
    uint64_t rows = 0;
    while (true) {
      const auto batch = batches.next();
      EXPECT_TRUE(batch);
      if (!batch || !*batch) break;
      rows += (*batch)->rows;
      largest_ = std::max(largest_, (*batch)->operations.size());
      const repl::Applied applied = apply(to, "{\"ops\":[" + (*batch)->operations + "]}");
      EXPECT_EQ(applied.status, 200) << applied.body << (*batch)->operations;
    }
    EXPECT_EQ(rows, file->rows());
    return export_of(to);
  }

  // A database with that schema and these operations, there and back.
  void there_and_back(const std::string& schema, const std::vector<std::string>& operations) {
    Database from;
    ASSERT_EQ(apply(from, "{\"schema\":" + schema + "}").status, 200);
    for (const std::string& operation : operations) {
      const auto applied = apply(from, operation);
      ASSERT_EQ(applied.status, 200) << operation << applied.body;
    }
    const std::string text = export_of(from);
    EXPECT_EQ(import(text, schema), text);
  }

  support::TemporaryDirectory directory_;
  uint64_t index_ = 0;
  size_t largest_ = 0;
};

std::string insert(const std::string& table, const std::string& row) {
  return R"({"table":")" + table + R"(","op":"insert","row":)" + row + "}";
}

TEST_F(ImportPlanTest, RandomDatabasesComeThroughUnchanged) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    db::Generator generator(seed);
    Database from;
    apply(from, "{\"schema\":" + std::string(db::kEveryKindSchema) + "}");
    for (uint64_t i = 0; i < 40 * seed; ++i) apply(from, generator.command().dump());
    const std::string text = export_of(from);
    ASSERT_EQ(import(text, std::string(db::kEveryKindSchema)), text) << "seed " << seed;
  }
}

TEST_F(ImportPlanTest, ATableThatOthersReferToComesFirst) {
  there_and_back(R"({"rides":{"key":"id","columns":[{"name":"id","type":"integer"},
                     {"name":"by","type":"text","references":"users"}]},
                     "users":{"key":"name","columns":[{"name":"name","type":"text"}]}})",
                 {insert("users", R"({"name":"ann"})"), insert("rides", R"({"id":1,"by":"ann"})")});
}

TEST_F(ImportPlanTest, RowsOfATableReferToEachOtherInACircle) {
  const std::string update = R"({"table":"nodes","op":"update","where":{"id":1},"set":{"next":3}})";
  for (const std::string null : {"", R"("null":true,)"}) {
    there_and_back(
        R"({"nodes":{"key":"id","columns":[{"name":"id","type":"integer"},
                       {"name":"next","type":"integer",)" +
            null + R"("references":"nodes"}]}})",
        {insert("nodes", R"({"id":1,"next":1})"), insert("nodes", R"({"id":2,"next":1})"),
         insert("nodes", R"({"id":3,"next":2})"), update});
  }
}

TEST_F(ImportPlanTest, TablesReferToEachOtherInACircle) {
  there_and_back(
      R"({"teams":{"key":"id","columns":[{"name":"id","type":"integer"},
          {"name":"captain","type":"text","null":true,"references":"users"}]},
          "users":{"key":"name","columns":[{"name":"name","type":"text"},
          {"name":"team","type":"integer","references":"teams"}]}})",
      {insert("teams", R"({"id":1,"captain":null})"), insert("users", R"({"name":"a","team":1})"),
       R"({"table":"teams","op":"update","where":{"id":1},"set":{"captain":"a"}})"});
}

TEST_F(ImportPlanTest, CountersOfKeysEndAsTheyWere) {
  const std::string schema = R"({
    "users":{"key":"name","columns":[{"name":"name","type":"text"}]},
    "rides":{"key":"id","auto_increment":true,"columns":[{"name":"id","type":"integer"},
      {"name":"by","type":"text","references":"users","on_delete":"cascade"},
      {"name":"code","type":"integer"}],"indexes":[{"columns":["code"],"unique":true}]},
    "stops":{"key":"id","auto_increment":true,"columns":[{"name":"id","type":"integer"},
      {"name":"ride","type":"integer","references":"rides"},
      {"name":"up","type":"integer","references":"stops"},
      {"name":"tags","type":"list of text"}]}})";
  const std::string ann = insert("users", R"({"name":"ann"})");
  const std::string ride = insert("rides", R"({"id":5,"by":"ann","code":1})");
  const std::string late = insert("rides", R"({"id":9,"by":"ann","code":2})");
  const std::string stop = insert("stops", R"({"id":3,"ride":5,"up":3,"tags":[]})");
  const auto gone = [](const std::string& table, const std::string& where) {
    return R"({"table":")" + table + R"(","op":"delete","where":)" + where + "}";
  };
  // Behind the last row; without a row; without a row to refer to.
  there_and_back(schema, {ann, ride, late, gone("rides", R"({"id":9})")});
  there_and_back(schema, {ann, ride, stop, gone("stops", "{}")});
  there_and_back(schema, {ann, ride, stop, gone("stops", "{}"), gone("users", "{}")});
}

TEST_F(ImportPlanTest, BatchesAreNeitherTooLongNorTooMany) {
  const std::string schema = R"({"t":{"key":"id","columns":[{"name":"id","type":"integer"},
                                 {"name":"text","type":"text"}]}})";
  std::vector<std::string> operations;
  for (int i = 0; i < 1200; ++i) {
    const std::string text(i % 100 == 0 ? 100'000 : 3, i % 2 == 0 ? 'x' : ',');
    operations.push_back(
        insert("t", R"({"id":)" + std::to_string(i) + R"(,"text":")" + text + R"("})"));
  }
  there_and_back(schema, operations);
  EXPECT_LE(largest_, ImportBatches::kMaxBytes);
}

// --- what is no export ---

class ExportFileTest : public ImportPlanTest {
 protected:
  ExportFileTest() {
    Database from;
    apply(from, "{\"schema\":" + std::string(db::kEveryKindSchema) + "}");
    apply(from, insert("teams", R"({"name":"a","size":9223372036854775807})"));
    apply(from, insert("teams", R"({"name":"bé","size":null})"));
    good_ = export_of(from);
  }

  std::string refusal(const std::string& text) {
    const auto file = read(text);
    return file ? "" : file.error().message;
  }
  // Without the file.
  static std::string refusal_of_lines(std::string_view text) {
    db::ExportReader reader(db::ExportReader::Depth::kRows);
    Status read;
    while (!text.empty() && read) {
      const size_t end = std::min(text.find('\n'), text.size());
      read = reader.line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (read) read = reader.end();
    return read ? "" : read.error().message;
  }
  std::string changed(const std::string& from, const std::string& to) {
    std::string text = good_;
    text.replace(text.find(from), from.size(), to);
    return text;
  }

  std::string good_;
};

TEST_F(ExportFileTest, WhateverIsCutIsRefused) {
  ASSERT_EQ(refusal(good_), "");
  for (size_t size = 0; size + 1 < good_.size(); ++size) {
    ASSERT_NE(refusal_of_lines(good_.substr(0, size)), "") << size;
  }
  EXPECT_THAT(refusal(good_.substr(0, good_.rfind("{\"rows\""))), HasSubstr("it is cut"));
  EXPECT_THAT(refusal(good_.substr(0, good_.rfind("{\"rows\"") - 5)), HasSubstr("it is cut"));
  EXPECT_THAT(refusal(""), HasSubstr("it is empty"));
}

TEST_F(ExportFileTest, EveryFlippedBitIsFound) {
  for (size_t i = 0; i + 1 < good_.size(); ++i) {
    std::string text = good_;
    text[i] = static_cast<char>(text[i] ^ (1 << (i % 8)));
    ASSERT_NE(refusal_of_lines(text), "") << i;
  }
}

TEST_F(ExportFileTest, RowsThatAreNotTheSameAreNamed) {
  const std::string row = R"({"table":"teams","row":{"name":"a","size":9223372036854775807}})";
  EXPECT_THAT(refusal(changed(row, row + "\n" + row)),
              HasSubstr("line 3: table 'teams': a key comes twice"));
  EXPECT_THAT(refusal(changed("\"size\":null", "\"sise\":null")), HasSubstr("no column 'sise'"));
  EXPECT_THAT(refusal(changed("9223372036854775807", "9223372036854775808")),
              HasSubstr("line 2: "));
  EXPECT_THAT(refusal(changed("\"name\":\"a\"", "\"name\":\"A\"")),
              HasSubstr("the export is damaged"));
  EXPECT_THAT(refusal(changed(row + "\n", "")), HasSubstr("the export is damaged"));
  EXPECT_THAT(refusal(good_ + row + "\n"), HasSubstr("something follows the end"));
}

TEST_F(ExportFileTest, OtherFilesAreCalledByTheirNames) {
  EXPECT_THAT(refusal("\x1f\x8b\x08"), HasSubstr("gzip"));
  EXPECT_THAT(refusal("\x28\xb5\x2f\xfd"), HasSubstr("zstd"));
  EXPECT_THAT(refusal("-- PostgreSQL database dump\n"), HasSubstr("no export of tandem"));
  EXPECT_THAT(refusal(R"({"format":"tandem-snapshot-1"})"), HasSubstr("'tandem-snapshot-1'"));
  EXPECT_THAT(refusal(changed("tandem-export-1", "tandem-export-9")), HasSubstr("another version"));
  std::string windows = good_;
  for (size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2) {
    windows.insert(at, "\r");
  }
  EXPECT_THAT(refusal(windows), HasSubstr("Windows"));
}

}  // namespace
}  // namespace tandem::client
