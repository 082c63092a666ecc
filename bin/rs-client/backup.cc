// db backup, db verify, toys backup, toys verify: snapshots of the groups, taken while everything goes
// on, and checked as they come.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backup_file.h"
#include "commands.h"
#include "download.h"
#include "session.h"
#include "target.h"

namespace tandem::client {
namespace {

// One backup after the other, each into its own target.
class Backups final : public Download::Taker {
 public:
  struct Part {
    BackupKind kind;
    std::string name;  // for people
    std::unique_ptr<Target> target;
    std::unique_ptr<BackupFile> file = {};
  };

  explicit Backups(std::vector<Part> parts) : parts_(std::move(parts)) { open_files(); }

  Status take(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (at_ == parts_.size()) return fail(ErrorKind::kCorrupt, "something follows the end");
      Part& part = parts_[at_];
      const auto taken = part.file->add(bytes);
      if (!taken) return fail(taken.error());
      if (Status written = part.target->write(bytes.substr(0, *taken)); !written) return written;
      bytes.remove_prefix(*taken);
      if (part.file->whole()) ++at_;
    }
    return {};
  }
  Status end() override {
    for (const Part& part : parts_) {
      if (Status whole = part.file->end(); !whole) return whole;
    }
    for (const Part& part : parts_) {
      if (Status finished = part.target->finish(); !finished) return finished;
    }
    return {};
  }
  bool begin_anew() override {
    for (const Part& part : parts_) {
      if (!part.target->begin_anew()) return false;
    }
    open_files();
    return true;
  }
  uint64_t rows() const override {
    uint64_t rows = 0;
    for (const Part& part : parts_) rows += part.file->rows();
    return rows;
  }
  const std::vector<Part>& parts() const { return parts_; }

 private:
  void open_files() {
    at_ = 0;
    for (Part& part : parts_) part.file = std::make_unique<BackupFile>(part.kind, part.name);
  }

  std::vector<Part> parts_;
  size_t at_ = 0;
};

constexpr const char* kFiles[] = {"orders.ndjson", "catalog.ndjson"};
constexpr BackupKind kKinds[] = {BackupKind::kOrders, BackupKind::kCatalog};

wire::Json with_file(const std::string& name, const wire::Json& facts) {
  wire::Json row;
  row.set("file", name);
  for (const auto& [key, value] : *facts.as_object()) row.set(key, value);
  return row;
}

// In the json format on standard output, where that is free; else for people.
void tell(Session& session, const Backups::Part& part, const std::string& name, bool to_stdout) {
  const wire::Json facts = part.file->facts();
  if (!to_stdout && session.output.format() == Format::kJson) {
    session.output.print(with_file(name, facts));
  } else {
    session.console.show(facts_text(name, facts) + "\n");
  }
}

ExitStatus did_not_end(Session& session, const Error& error, const std::string& what_is_left) {
  session.output.flush();
  session.console.say(what_is_left);
  return session.report(error);
}

}  // namespace

ExitStatus db_backup(Session& session, const Arguments& arguments) {
  const std::string& path = arguments.operands[0];
  if (path.empty()) {
    return session.report(
        {ErrorKind::kUsage, "the name of the file is empty; '-' is standard output"});
  }
  auto target = open_target(session.output, path, "the backup");
  if (!target) return session.report(target.error());
  std::vector<Backups::Part> parts;
  parts.push_back({BackupKind::kDatabase, "the backup", std::move(*target)});
  Backups backups(std::move(parts));
  Download download(session, session.settings.orch_url + "/api/v1/db/backup", "the backup",
                    backups);
  const Backups::Part& part = backups.parts().front();
  if (const Status done = download.run(); !done) {
    return did_not_end(session, done.error(), part.target->what_is_left());
  }
  const bool to_stdout = path == "-";
  tell(session, part, to_stdout ? "the backup" : path, to_stdout);
  return ExitStatus::kOk;
}

ExitStatus db_verify(Session& session, const Arguments& arguments) {
  const auto facts = verify_backup(BackupKind::kDatabase, arguments.operands[0]);
  if (!facts) return session.report(facts.error());
  session.output.print(with_file(arguments.operands[0], *facts));
  return ExitStatus::kOk;
}

ExitStatus toys_backup(Session& session, const Arguments& arguments) {
  const std::string& path = arguments.operands[0];
  if (path.empty() || path == "-") {
    return session.report({ErrorKind::kUsage,
                           "'" + path + "' is no directory: the store's backup " + "is two files"});
  }
  const auto directory = NewDirectory::create(path);
  if (!directory) return session.report(directory.error());
  std::vector<Backups::Part> parts;
  for (size_t i = 0; i < std::size(kFiles); ++i) {
    auto target = NewFile::create((*directory)->path() + "/" + kFiles[i]);
    if (!target) return session.report(target.error());
    parts.push_back({kKinds[i], kFiles[i], std::move(*target)});
  }
  Backups backups(std::move(parts));
  Download download(session, session.settings.store_url + "/backup", "the backup", backups);
  Status done = download.run();
  if (done) done = (*directory)->finish();
  if (!done) return did_not_end(session, done.error(), "'" + path + "' was not written");
  for (const Backups::Part& part : backups.parts()) tell(session, part, part.name, false);
  return ExitStatus::kOk;
}

ExitStatus toys_verify(Session& session, const Arguments& arguments) {
  ExitStatus worst = ExitStatus::kOk;
  wire::Json::Array rows;
  for (size_t i = 0; i < std::size(kFiles); ++i) {
    const auto facts = verify_backup(kKinds[i], arguments.operands[0] + "/" + kFiles[i]);
    if (facts) {
      rows.push_back(with_file(kFiles[i], *facts));
    } else {
      const ExitStatus status = session.report(facts.error());
      if (worst == ExitStatus::kOk) worst = status;
    }
  }
  if (worst == ExitStatus::kOk) session.output.print(wire::Json(std::move(rows)));
  return worst;
}

}  // namespace tandem::client
