#include "backup_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/ids.h"
#include "db/snapshot_row.h"
#include "file/descriptor.h"
#include "repl/key_rules.h"
#include "toys/catalog.h"
#include "toys/orders.h"
#include "utc_text.h"

namespace tandem::client {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;

struct KindOfRow {
  std::string_view begin;
  BackupKind kind;
};
constexpr KindOfRow kRows[] = {
    {R"({"schema":)", BackupKind::kDatabase},     {R"({"counters":)", BackupKind::kDatabase},
    {R"({"table":)", BackupKind::kDatabase},      {R"({"next_intent":)", BackupKind::kOrders},
    {R"({"open":)", BackupKind::kOrders},         {R"({"order":)", BackupKind::kOrders},
    {R"({"initialised":)", BackupKind::kCatalog}, {R"({"toy":)", BackupKind::kCatalog},
    {R"({"orders":)", BackupKind::kCatalog},      {R"({"take":)", BackupKind::kCatalog},
};

std::string_view words_of(BackupKind kind) {
  switch (kind) {
    case BackupKind::kDatabase:
      return "a database";
    case BackupKind::kOrders:
      return "the orders of a toy store";
    case BackupKind::kCatalog:
      return "the catalog of a toy store";
  }
  return "";
}

std::unique_ptr<repl::RowChecker> checker_of(BackupKind kind) {
  switch (kind) {
    case BackupKind::kDatabase:
      return repl::key_row_checker(std::make_unique<db::SnapshotRowChecker>());
    case BackupKind::kOrders:
      return repl::key_row_checker(toys::Orders().row_checker());
    case BackupKind::kCatalog:
      return repl::key_row_checker(toys::Catalog().row_checker());
  }
  return nullptr;
}

std::string text_of(const wire::Json& facts, std::string_view key) {
  const wire::Json* member = facts.find(key);
  if (member == nullptr) return {};
  return member->as_string() != nullptr ? *member->as_string() : member->dump();
}

Result<file::Descriptor> open_input(const std::string& path, const std::string& name) {
  const bool is_stdin = path == "-";
  file::Descriptor opened(is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                   : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!opened) {
    Error error = fail_errno("cannot open " + name, errno).value();
    if (error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kUnavailable;
    return fail(std::move(error));
  }
  struct stat about {};
  if (fstat(opened.get(), &about) == 0 && S_ISDIR(about.st_mode)) {
    return fail(ErrorKind::kUsage, name + " is a directory");
  }
  return opened;
}

}  // namespace

BackupFile::BackupFile(BackupKind kind, std::string name)
    : kind_(kind), name_(std::move(name)), checker_(checker_of(kind)) {
  stream_ = std::make_unique<storage::SnapshotStream>(
      storage::SnapshotStream::Rows{[this](std::string_view row) { return check_row(row); },
                                    [this] { return checker_->finish(); }});
}

BackupFile::~BackupFile() = default;

Status BackupFile::check_row(std::string_view row) {
  for (const KindOfRow& each : kRows) {
    if (each.kind == kind_ || !row.starts_with(each.begin)) continue;
    other_kind_ = words_of(each.kind);
    return fail(ErrorKind::kBadInput, "it is of " + other_kind_);
  }
  return checker_->check(row);
}

Error BackupFile::about(Error error) const {
  // Known when all of it was read, and is not damaged.
  if (error.kind == ErrorKind::kBadInput && !other_kind_.empty()) {
    error.message = "it is a backup of " + other_kind_ + ", the group '" + stream_->header().group +
                    "', and not of " + std::string(words_of(kind_));
  }
  error.message = name_ + ": " + error.message;
  return error;
}

Result<size_t> BackupFile::add(std::string_view bytes) {
  const auto taken = stream_->add(bytes);
  if (!taken) return fail(about(taken.error()));
  digest_.add(bytes.substr(0, *taken));
  return taken;
}

Status BackupFile::end() const {
  const Status whole = stream_->end();
  return whole ? whole : Status(fail(about(whole.error())));
}

wire::Json BackupFile::facts() {
  const storage::SnapshotHeader& header = stream_->header();
  wire::Json facts;
  facts.set("group", header.group);
  facts.set("lineage", hex_id(header.lineage));
  facts.set("index", header.index);
  facts.set("epoch", header.epoch);
  facts.set("taken", utc_text(header.created_ms));
  facts.set("rows", stream_->rows());
  facts.set("bytes", stream_->bytes());
  facts.set("sha256", digest_.hex());
  return facts;
}

std::string facts_text(const std::string& name, const wire::Json& facts) {
  const auto text = [&](std::string_view key) { return text_of(facts, key); };
  return name + ": " + text("rows") + " rows, " + text("bytes") + " bytes, as of index " +
         text("index") + " of group '" + text("group") + "', epoch " + text("epoch") +
         ", lineage " + text("lineage") + ", " + text("taken");
}

Result<wire::Json> verify_backup(BackupKind kind, const std::string& path) {
  const std::string name = path == "-" ? "standard input" : "'" + path + "'";
  const auto input = open_input(path, name);
  if (!input) return fail(input.error());
  BackupFile file(kind, name);
  std::string chunk(kChunkBytes, '\0');
  while (true) {
    const ssize_t got = read(input->get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read " + name, errno);
    if (got == 0) break;
    const std::string_view bytes(chunk.data(), static_cast<size_t>(got));
    const auto taken = file.add(bytes);
    if (!taken) return fail(taken.error());
    if (*taken < bytes.size()) {
      return fail(ErrorKind::kCorrupt, name + ": it is damaged: something follows its end");
    }
  }
  if (Status whole = file.end(); !whole) return fail(whole.error());
  return file.facts();
}

}  // namespace tandem::client
