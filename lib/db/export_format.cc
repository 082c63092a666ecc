#include "db/export_format.h"

#include <utility>

#include "base/json_string.h"
#include "wire/crc32c.h"
#include "wire/sealed_text.h"
#include "wire/stored_json.h"

namespace tandem::db {
namespace {

using wire::Json;

constexpr std::string_view kTableStart = R"({"table":)";
constexpr std::string_view kTrailerStart = R"({"rows":)";
constexpr std::string_view kHeaderStart = R"({"format":)";
constexpr std::string_view kFormatFamily = "tandem-export-";
constexpr size_t kShownBytes = 40;

// How the lines of rows begin, by number of the table.
std::vector<std::string> row_starts(const Schema& schema) {
  std::vector<std::string> starts;
  for (const TableSchema& table : schema.tables()) {
    std::string start(kTableStart);
    append_json_string(start, table.name);
    starts.push_back(start + ",\"row\":{");
  }
  return starts;
}

// Of the tables from `from` on, as they follow each other.
size_t table_of(std::string_view row, const std::vector<std::string>& starts, size_t from) {
  for (size_t i = from; i < starts.size(); ++i) {
    if (row.starts_with(starts[i])) return i;
  }
  return ExportReader::kNoTable;
}

std::string export_trailer(const Schema& schema, const std::vector<uint64_t>& rows, uint32_t crc) {
  Json counts = Json::Object{};
  for (size_t i = 0; i < rows.size(); ++i) counts.set(schema.tables()[i].name, rows[i]);
  return wire::with_crc(std::string(kTrailerStart) + counts.dump(), crc);
}

// What people are likely to give instead, said by its name.
std::string what_it_is(std::string_view text) {
  if (text.starts_with("\x1f\x8b")) return "it is compressed by gzip: decompress it first";
  if (text.starts_with("\x28\xb5\x2f\xfd")) return "it is compressed by zstd: decompress it first";
  if (text.starts_with("\xfd\x37zXZ")) return "it is compressed by xz: decompress it first";
  if (text.starts_with("BZh")) return "it is compressed by bzip2: decompress it first";
  if (text.ends_with('\r')) return "its lines end as those of Windows do (CR LF)";
  if (text.starts_with("\xef\xbb\xbf")) return "it begins with a byte order mark";
  return "it does not begin with the header of one";
}

tl::unexpected<Error> no_export(const std::string& why) {
  return fail(ErrorKind::kBadInput, "this is no export of tandem: " + why);
}

Result<int64_t> integer_of(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  if (value != nullptr && value->as_int() != nullptr) return *value->as_int();
  return fail(ErrorKind::kCorrupt, "the header has no '" + std::string(name) + "'");
}

}  // namespace

std::string export_header(const ExportHeader& header) {
  Json counters = Json::Object{};
  for (size_t i = 0; i < header.counters.size(); ++i) {
    const TableSchema& table = header.schema.tables()[i];
    if (table.auto_increment) counters.set(table.name, header.counters[i]);
  }
  Json json;
  json.set("format", kExportFormat);
  json.set("group", header.group);
  json.set("index", header.index);
  json.set("time_ms", header.time_ms);
  json.set("schema", to_json(header.schema));
  json.set("counters", std::move(counters));
  return wire::seal_object(json.dump());
}

// --- writing ---

Status ExportWriter::add(std::string_view row, std::string& out) {
  if (!row.starts_with(kTableStart)) {
    if (begun_) return fail(ErrorKind::kCorrupt, "a row of another kind follows the tables");
    auto parsed = parse_snapshot_row(row, header_.schema);
    if (!parsed) return fail(std::move(parsed.error()));
    if (auto* schema = std::get_if<Schema>(&*parsed)) {
      has_schema_ = true;
      header_.schema = std::move(*schema);
      header_.counters.assign(header_.schema.tables().size(), 0);
    } else if (const auto* counters = std::get_if<Counters>(&*parsed)) {
      for (const auto& [table, counter] : *counters) header_.counters[table] = counter;
    }
    return {};
  }
  if (Status begun = begin(out); !begun) return begun;
  table_ = table_of(row, starts_, table_);
  if (table_ == ExportReader::kNoTable) return fail(ErrorKind::kCorrupt, "a row of no table");
  ++rows_[table_];
  const size_t start = out.size();
  out.append(row).append("\n");
  crc_ = wire::crc32c(std::string_view(out).substr(start), crc_);
  return {};
}

Status ExportWriter::begin(std::string& out) {
  if (begun_) return {};
  if (!has_schema_) return fail(ErrorKind::kCorrupt, "there is no schema");
  begun_ = true;
  starts_ = row_starts(header_.schema);
  rows_.assign(starts_.size(), 0);
  out += export_header(header_) + "\n";
  return {};
}

Status ExportWriter::finish(std::string& out) {
  if (Status begun = begin(out); !begun) return begun;
  out += export_trailer(header_.schema, rows_, crc_) + "\n";
  return {};
}

// --- reading ---

Status ExportReader::line(std::string_view text) {
  ++lines_;
  table_ = kNoTable;
  if (!header_) return read_header(text);
  Status read;
  if (complete_) {
    read = fail(ErrorKind::kCorrupt, "something follows the end");
  } else if (text.starts_with(kTrailerStart)) {
    read = read_trailer(text);
  } else {
    read = read_row(text);
  }
  if (read) return read;
  return fail(ErrorKind::kCorrupt, "line " + std::to_string(lines_) + ": " + read.error().message);
}

Status ExportReader::end() const {
  if (!header_) return no_export("it is empty");
  if (complete_) return {};
  return fail(ErrorKind::kCorrupt, "it is cut: its end is missing after line " +
                                       std::to_string(lines_) + ", " + std::to_string(total_rows_) +
                                       " rows");
}

Status ExportReader::read_header(std::string_view text) {
  if (!text.starts_with(kHeaderStart) || text.ends_with('\r')) return no_export(what_it_is(text));
  const auto json = wire::parse_stored_json(text);
  const Json* format = json ? json->find("format") : nullptr;
  const std::string* name = format == nullptr ? nullptr : format->as_string();
  if (name != nullptr && *name != kExportFormat && name->starts_with(kFormatFamily)) {
    return fail(ErrorKind::kBadInput, "the export is of the format '" +
                                          shortened(*name, kShownBytes) + "', not '" +
                                          std::string(kExportFormat) + "': of another version");
  }
  if (name != nullptr && *name != kExportFormat) {
    return no_export("its format is '" + shortened(*name, kShownBytes) + "'");
  }
  if (name == nullptr || wire::seal_of(text) != wire::Seal::kRight) {
    return fail(ErrorKind::kCorrupt, "the header is damaged: its checksum is another one");
  }
  const Json* schema = json->find("schema");
  const Json* counters = json->find("counters");
  const Json* group = json->find("group");
  if (schema == nullptr || counters == nullptr || group == nullptr ||
      group->as_string() == nullptr || counters->as_object() == nullptr) {
    return fail(ErrorKind::kCorrupt, "the header lacks a member");
  }
  const auto index = integer_of(*json, "index");
  const auto time_ms = integer_of(*json, "time_ms");
  if (!index || !time_ms) return fail(index ? time_ms.error() : index.error());
  auto parsed = parse_schema(*schema, Limits::none());
  if (!parsed) return fail(ErrorKind::kCorrupt, "the header: " + parsed.error().message);
  ExportHeader header{*group->as_string(), static_cast<uint64_t>(*index), *time_ms,
                      std::move(*parsed)};
  header.counters.assign(header.schema.tables().size(), 0);
  for (const auto& [table, counter] : *counters->as_object()) {
    const TableSchema* found = header.schema.find(table);
    if (found == nullptr || counter.as_int() == nullptr) {
      return fail(ErrorKind::kCorrupt, "the header: a counter is of no table or no integer");
    }
    header.counters[header.schema.number_of(*found)] = *counter.as_int();
  }
  starts_ = row_starts(header.schema);
  rows_.assign(starts_.size(), 0);
  header_ = std::move(header);
  return checker_.check(schema_row(header_->schema));
}

Status ExportReader::read_row(std::string_view text) {
  const size_t table = table_of(text, starts_, last_table_);
  if (table == kNoTable) {
    return fail(ErrorKind::kCorrupt,
                "'" + shortened(text, kShownBytes) + "' is no row of a table, or not in its place");
  }
  if (depth_ == Depth::kRows) {
    if (Status checked = checker_.check(text); !checked) return checked;
  }
  crc_ = wire::crc32c("\n", wire::crc32c(text, crc_));
  table_ = last_table_ = table;
  ++rows_[table];
  ++total_rows_;
  return {};
}

Status ExportReader::read_trailer(std::string_view text) {
  if (export_trailer(header_->schema, rows_, crc_) != text) {
    return fail(ErrorKind::kCorrupt,
                "the export is damaged: the rows before are not those that its end tells of");
  }
  complete_ = true;
  return {};
}

}  // namespace tandem::db
