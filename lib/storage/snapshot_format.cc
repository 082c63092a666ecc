#include "storage/snapshot_format.h"

#include "base/ids.h"
#include "storage/format_check.h"
#include "wire/crc32c.h"
#include "wire/json.h"
#include "wire/sealed_text.h"

namespace tandem::storage {
namespace {

constexpr std::string_view kFormat = "tandem-snapshot-1";
constexpr std::string_view kPrefix = "snap-";
constexpr std::string_view kSuffix = ".ndjson";
constexpr size_t kIndexDigits = 20;

// Reads members one by one and remembers the first that is missing or of another type.
class Members {
 public:
  explicit Members(const wire::Json& json) : json_(json) {}
  std::string text(std::string_view key) {
    const wire::Json* member = json_.find(key);
    if (member != nullptr && member->as_string() != nullptr) return *member->as_string();
    return missing(key), std::string();
  }
  int64_t integer(std::string_view key) {
    const wire::Json* member = json_.find(key);
    if (member != nullptr && member->as_int() != nullptr) return *member->as_int();
    return missing(key), 0;
  }
  uint64_t number(std::string_view key) {
    const int64_t value = integer(key);
    if (value < 0) missing(key);
    return static_cast<uint64_t>(value);
  }
  uint64_t id(std::string_view key) {
    const Result<uint64_t> value = parse_hex_id(text(key));
    if (!value) missing(key);
    return value.value_or(0);
  }
  uint32_t crc(std::string_view key) {
    const auto value = wire::parse_hex_crc(text(key));
    if (!value) missing(key);
    return value.value_or(0);
  }
  Status status() const {
    if (first_missing_.empty()) return {};
    return fail(ErrorKind::kCorrupt, "'" + first_missing_ + "' is missing or wrong");
  }

 private:
  void missing(std::string_view key) {
    if (first_missing_.empty()) first_missing_ = key;
  }
  const wire::Json& json_;
  std::string first_missing_;
};

}  // namespace

std::string encode_snapshot_header(const SnapshotHeader& header) {
  wire::Json json;
  json.set("format", kFormat);
  json.set("lineage", hex_id(header.lineage));
  json.set("group", header.group);
  json.set("index", header.index);
  json.set("epoch", header.epoch);
  json.set("record_crc", wire::hex_crc(header.record_crc));
  json.set("time_ms", header.time_ms);
  json.set("created_ms", header.created_ms);
  if (!header.record.empty()) json.set("record", header.record);
  return wire::seal_object(json.dump());
}

Status check_snapshot_format(std::string_view line, const std::string& path) {
  const Result<wire::Json> json = wire::parse_json(line);
  const wire::Json* format = json ? json->find("format") : nullptr;
  const std::string* name = format == nullptr ? nullptr : format->as_string();
  if (name == nullptr || !is_other_version(*name, kFormat)) return {};
  return other_format(path, "'" + *name + "'", "'" + std::string(kFormat) + "'");
}

Result<SnapshotHeader> decode_snapshot_header(std::string_view line) {
  const Result<wire::Json> json = wire::parse_json(line);
  if (!json) return fail(ErrorKind::kCorrupt, "its header: " + json.error().message);
  Members members(*json);
  if (members.text("format") != kFormat) {
    return fail(ErrorKind::kCorrupt, "its format is not " + std::string(kFormat));
  }
  SnapshotHeader header;
  header.lineage = members.id("lineage");
  header.group = members.text("group");
  header.index = members.number("index");
  header.epoch = members.number("epoch");
  header.record_crc = members.crc("record_crc");
  header.time_ms = members.integer("time_ms");
  header.created_ms = members.integer("created_ms");
  if (json->find("record") != nullptr) header.record = members.text("record");
  if (Status status = members.status(); !status) return fail(status.error());
  return header;
}

std::string encode_snapshot_trailer(const SnapshotTrailer& trailer) {
  return "{\"rows\":" + std::to_string(trailer.rows) + ",\"crc32c\":\"" +
         wire::hex_crc(trailer.crc) + "\"}";
}

Result<SnapshotTrailer> decode_snapshot_trailer(std::string_view line) {
  const Result<wire::Json> json = wire::parse_json(line);
  if (!json) return fail(ErrorKind::kCorrupt, "its trailer: " + json.error().message);
  Members members(*json);
  SnapshotTrailer trailer;
  trailer.rows = members.number("rows");
  trailer.crc = members.crc("crc32c");
  if (Status status = members.status(); !status) return fail(status.error());
  // Nothing but the trailer as it is written: the checksum does not cover this line.
  if (encode_snapshot_trailer(trailer) != line) {
    return fail(ErrorKind::kCorrupt, "its trailer has another form");
  }
  return trailer;
}

void SnapshotLines::put(std::string_view line, std::string& out) {
  const size_t before = out.size();
  out += line;
  out += '\n';
  crc_ = wire::crc32c(std::string_view(out).substr(before), crc_);
}

std::string snapshot_name(uint64_t index) {
  const std::string digits = std::to_string(index);
  return std::string(kPrefix) + std::string(kIndexDigits - digits.size(), '0') + digits +
         std::string(kSuffix);
}

bool parse_snapshot_name(std::string_view name, uint64_t& index) {
  if (name.size() != kPrefix.size() + kIndexDigits + kSuffix.size()) return false;
  index = 0;
  for (const char c : name.substr(kPrefix.size(), kIndexDigits)) {
    if (c < '0' || c > '9') return false;
    index = index * 10 + static_cast<uint64_t>(c - '0');
  }
  return snapshot_name(index) == name;
}

bool is_unfinished_snapshot_name(std::string_view name) {
  return name.starts_with(kPrefix) && name.ends_with(".tmp");
}

}  // namespace tandem::storage
