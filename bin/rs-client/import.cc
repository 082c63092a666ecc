#include "import.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/clock.h"
#include "base/json_string.h"
#include "commands.h"
#include "confirm_database.h"
#include "db/schema_change.h"
#include "db/value.h"
#include "prompt.h"
#include "wire/json.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr uint64_t kProgressMs = 200;
constexpr size_t kKeyDigits = 32;
// Of each write: emptying large tables takes long, and a failover is waited for.
constexpr int64_t kWriteTimeoutMs = 120'000;

int64_t now_ms() { return system_clock().boot_ns() / 1'000'000; }

std::string rows_text(uint64_t rows) {
  return std::to_string(rows) + (rows == 1 ? " row" : " rows");
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

Call read_call(const Session& session, std::string query) {
  // Whatever was asked for of reads: it decides what is written.
  return Call{.method = "POST",
              .url = session.settings.orch_url + "/api/v1/db/read?consistency=linearizable",
              .body = std::move(query)};
}

// [n], or [[n],[m]]
Result<std::vector<uint64_t>> counts_in(const Reply& reply) {
  const auto json = wire::parse_json(reply.body);
  if (!json) return fail(no_sense(json.error(), reply));
  std::vector<uint64_t> counts;
  const Json::Array none;
  const Json::Array* answers = json->as_array();
  for (const Json& each : answers != nullptr ? *answers : none) {
    const Json::Array* one = each.as_array();
    const int64_t* count =
        one != nullptr && one->size() == 1 ? one->front().as_int() : each.as_int();
    if (count == nullptr) break;
    counts.push_back(static_cast<uint64_t>(*count));
  }
  return counts;
}

}  // namespace

Import::Import(Session& session, const ExportFile& file, const ImportPlan& plan,
               std::vector<std::string> tables)
    : session_(session),
      file_(file),
      tables_(std::move(tables)),
      plan_(plan),
      progress_(session.loop, [this] { show_progress(); }) {}

uint64_t Import::Counts::total() const {
  uint64_t total = 0;
  for (const uint64_t count : rows) total += count;
  return total;
}

Result<Import::Counts> Import::count() {
  constexpr size_t kReadsAtOnce = 100;
  Counts counts;
  for (size_t i = 0; i < tables_.size();) {
    std::string reads;
    const size_t end = std::min(tables_.size(), i + kReadsAtOnce);
    for (; i < end; ++i) {
      reads += (reads.empty() ? "{\"table\":" : ",{\"table\":") + quoted(tables_[i]) +
               ",\"count\":true}";
    }
    const auto reply = session_.ask(read_call(session_, "{\"reads\":[" + reads + "]}"));
    if (!reply) return fail(reply.error());
    const auto some = counts_in(*reply);
    if (!some) return fail(some.error());
    counts.rows.insert(counts.rows.end(), some->begin(), some->end());
    counts.index = std::max(counts.index, reply->db_index);
  }
  if (counts.rows.size() == tables_.size()) return counts;
  return fail(ErrorKind::kUnavailable, "the database does not tell how many rows it has");
}

std::string Import::text_of(const Counts& counts) const {
  std::string text;
  for (size_t i = 0; i < tables_.size(); ++i) {
    if (counts.rows[i] == 0) continue;
    text += (text.empty() ? "'" : ", '") + tables_[i] + "': " + rows_text(counts.rows[i]);
  }
  return text;
}

Status Import::compare(const Counts& after) const {
  std::string differences;
  for (size_t i = 0; i < tables_.size(); ++i) {
    const db::TableSchema* table = file_.header().schema.find(tables_[i]);
    const uint64_t wanted =
        table == nullptr ? 0 : file_.sections()[file_.header().schema.number_of(*table)].rows;
    if (after.rows[i] == wanted) continue;
    differences += (differences.empty() ? "'" : ", '") + tables_[i] +
                   "': " + rows_text(after.rows[i]) + " instead of " + std::to_string(wanted);
  }
  if (differences.empty()) return {};
  return fail(ErrorKind::kConflict,
              "the database has not what the file has: " + differences + ": others write to it");
}

// --- writing ---

Call Import::write_of(const ImportBatch& batch) const {
  Call call = session_.write("POST", session_.settings.orch_url + "/api/v1/db/write", "");
  call.body = "{\"ops\":[" + batch.operations + "]}";
  if (batch.number == 1 && !condition_.empty()) call.body.insert(1, "\"if\":[" + condition_ + "],");
  call.key = key_ + ":" + std::to_string(batch.number);
  return call;
}

// Of its rows, as far as they are there.
Call Import::read_of(const ImportBatch& batch) const {
  const db::TableSchema& table = file_.header().schema.tables()[batch.table];
  std::string columns;
  for (const db::Column& column : table.columns) {
    columns += (columns.empty() ? "" : ",") + quoted(column.name);
  }
  const std::string key = quoted(table.key_column().name);
  return read_call(session_, "{\"table\":" + quoted(table.name) + ",\"columns\":[" + columns +
                                 "],\"where\":{" + key + ":{\"in\":[" + batch.keys +
                                 "]}},\"order\":[" + key + "]}");
}

Status Import::run(const Counts& before) {
  begun_ms_ = now_ms();
  // What an earlier one was answered says nothing: the database may have been emptied since.
  key_ = session_.settings.key;
  if (key_.empty()) {
    key_ = "import-" + file_.sha256().substr(0, kKeyDigits) + "." + std::to_string(before.index);
  }
  if (before.total() > 0) {
    if (Status same = compare_before(before); !same) return same;
  } else {
    for (const std::string& table : tables_) {
      condition_ += (condition_.empty() ? "{\"table\":" : ",{\"table\":") + quoted(table) +
                    ",\"where\":{},\"count\":0}";
    }
  }
  batches_.emplace(file_, plan_, ImportBatches::With::kOperations);
  return carry_out();
}

Status Import::compare_before(const Counts& before) {
  compares_ = true;
  compared_.assign(file_.sections().size(), 0);
  batches_.emplace(file_, plan_, ImportBatches::With::kKeys);
  const Status compared = carry_out();
  compares_ = false;
  const std::string is_not = "the database is not empty (" + text_of(before) + ")";
  if (!compared && compared.error().kind == ErrorKind::kConflict) {
    rows_done_ = 0;
    return fail(ErrorKind::kConflict,
                is_not + ", and " + compared.error().message + ": --replace empties it first");
  }
  if (!compared) return compared;
  for (size_t i = 0; i < tables_.size(); ++i) {
    const db::TableSchema* table = file_.header().schema.find(tables_[i]);
    const uint64_t same = table == nullptr ? 0 : compared_[file_.header().schema.number_of(*table)];
    if (same == before.rows[i]) continue;
    rows_done_ = 0;
    return fail(ErrorKind::kConflict, is_not + ", and has rows in '" + tables_[i] +
                                          "' that the file has not: --replace empties it first");
  }
  return {};
}

// The batches, in many requests at a time.
Status Import::carry_out() {
  at_end_ = false;
  if (session_.console.is_terminal()) progress_.start(kProgressMs, kProgressMs);
  // The second time what is under way is left to itself.
  const auto interrupt = [this] {
    if (failed_) session_.loop.stop();
    stop({ErrorKind::kTimeout, "interrupted"});
  };
  loop::Signal on_int(session_.loop, SIGINT, interrupt);
  loop::Signal on_term(session_.loop, SIGTERM, interrupt);
  pump();
  turns_ = !at_end_ || in_flight_ > 0;
  if (turns_) session_.loop.run();
  turns_ = false;
  progress_.stop();
  session_.console.progress("");
  return failed_ ? Status(fail(*failed_)) : Status();
}

void Import::pump() {
  while (!at_end_ && in_flight_ < session_.settings.concurrency) {
    if (!next_) {
      auto batch = batches_->next();
      if (!batch) return stop(std::move(batch.error()));
      if (!*batch) at_end_ = true;
      next_ = std::move(*batch);
    }
    if (!next_) break;
    const bool skips =
        compares_ ? next_->rows == 0 : next_->number < there_.size() && there_[next_->number];
    // Whether the database is empty is known before more than one is under way.
    waits_ = waits_ || (!compares_ && (next_->alone || next_->number == 2));
    if (skips) {
      next_.reset();
      continue;
    }
    if (waits_ && in_flight_ > 0) break;
    waits_ = false;
    send(*std::exchange(next_, std::nullopt));
  }
  if (at_end_ && in_flight_ == 0 && turns_) session_.loop.stop();
}

void Import::send(ImportBatch batch) {
  ++in_flight_;
  Call call = compares_ ? read_of(batch) : write_of(batch);
  batch.operations = {};
  session_.caller.call(std::move(call),
                       [this, batch = std::move(batch)](const Result<Reply>& reply) {
                         --in_flight_;
                         if (!reply) return stop(with_lines(batch, reply.error()));
                         if (Status taken = take_answer(batch, *reply); !taken) {
                           return stop(with_lines(batch, taken.error()));
                         }
                         pump();
                       });
}

Status Import::take_answer(const ImportBatch& batch, const Reply& reply) {
  if (!compares_) {
    rows_done_ += batch.rows;
    return {};
  }
  if (reply.body == "[]") return {};  // it was not written yet
  if (batch.objects.empty()) {
    const auto rows = wire::parse_json(reply.body);
    if (!rows || rows->as_array() == nullptr) return fail(ErrorKind::kBug, "rows are no array");
    if (rows->as_array()->size() != batch.rows) return fail(ErrorKind::kConflict, "some are there");
  } else if (reply.body != "[" + batch.objects + "]") {
    return fail(ErrorKind::kConflict, "it has others with these keys");
  }
  there_.resize(std::max<size_t>(there_.size(), batch.number + 1));
  there_[batch.number] = true;
  compared_[batch.table] += batch.rows;
  rows_done_ += batch.rows;
  return {};
}

// What is under way is waited for: its outcome is of use to whoever goes on.
void Import::stop(Error error) {
  if (!failed_) failed_ = std::move(error);
  at_end_ = true;
  next_.reset();
  if (in_flight_ == 0 && turns_) session_.loop.stop();
}

Error Import::with_lines(const ImportBatch& batch, const Error& error) const {
  if (batch.last_line == 0) return error;
  return {error.kind, "lines " + std::to_string(batch.first_line) + " to " +
                          std::to_string(batch.last_line) + " of " + file_.name() + ": " +
                          error.message};
}

void Import::show_progress() {
  const int64_t took_ms = std::max<int64_t>(now_ms() - begun_ms_, 1);
  session_.console.progress(std::to_string(rows_done_) + " of " + rows_text(file_.rows()) + ", " +
                            std::to_string(static_cast<int64_t>(rows_done_) * 1000 / took_ms) +
                            "/s");
}

// --- the command ---

namespace {

// Whether rows of the file's tables fit into those that are declared, which may have more.
Status check_schema(const db::Schema& file, const db::Schema& declared) {
  std::string missing;
  const auto add = [&missing](const std::string& what) {
    missing += (missing.empty() ? "" : "; ") + what + " is not declared";
  };
  for (const db::TableSchema& table : file.tables()) {
    const db::TableSchema* other = declared.find(table.name);
    if (other == nullptr) {
      add(db::named(table));
      continue;
    }
    for (size_t c = 0; c < table.columns.size(); ++c) {
      if (other->find_column(table.columns[c].name) == db::TableSchema::kNoColumn) {
        add(db::named(table, c));
      }
    }
  }
  if (missing.empty()) {
    const auto changed = db::change_schema(file, declared);
    if (changed) return {};
    missing = changed.error().message;
  }
  return fail(
      ErrorKind::kConflict,
      "the tables of the file are not those of this database, see its orch.toml: " + missing);
}

Result<db::Schema> declared_schema(Session& session) {
  const auto reply = session.ask(Call{.url = session.settings.orch_url + "/api/v1/db/schema"});
  if (!reply) return fail(reply.error());
  const auto json = wire::parse_json(reply->body);
  if (!json) return fail(no_sense(json.error(), *reply));
  auto schema = db::parse_schema(*json, db::Limits::none());
  if (!schema) return fail(no_sense(schema.error(), *reply));
  return schema;
}

ExportFile::Progress shown(Session& session) {
  return [&session, told_ms = int64_t{0}](uint64_t bytes) mutable {
    const int64_t now = now_ms();
    if (session.console.is_terminal() && now - told_ms >= static_cast<int64_t>(kProgressMs)) {
      told_ms = now;
      session.console.progress("checking: " + std::to_string(bytes >> 20) + " MiB");
    }
    return true;
  };
}

Result<ExportFile> checked_file(Session& session, const std::string& path) {
  const ExportFile::Progress progress = shown(session);
  auto file = ExportFile::open(path, progress);
  Status checked = file ? file->check(progress) : fail(file.error());
  if (session.console.is_terminal()) session.console.progress("");
  if (!checked) return fail(std::move(checked.error()));
  return file;
}

Result<Import::Counts> empty_database(Session& session, Import& import) {
  const auto cleared =
      session.ask(session.write("POST", session.settings.orch_url + "/api/v1/db/clear", ""));
  if (!cleared) return fail(cleared.error());
  return import.count();
}

}  // namespace

ExitStatus db_import(Session& session, const Arguments& arguments) {
  constexpr const char* kReplaces = "empties the whole database first";
  const bool replace = arguments.line.has("replace");
  if (replace) {
    const Status can = check_can_confirm(arguments, "db import --replace", kReplaces);
    if (!can) return session.report(can.error());
  }
  const auto file = checked_file(session, arguments.operands.empty() ? "-" : arguments.operands[0]);
  if (!file) return session.report(file.error());
  const auto plan = ImportPlan::make(file->header(), file->sections());
  if (!plan) return session.report(plan.error());
  const auto declared = declared_schema(session);
  if (!declared) return session.report(declared.error());
  if (const Status fits = check_schema(file->header().schema, *declared); !fits) {
    return session.report(fits.error());
  }
  std::vector<std::string> tables;
  for (const db::TableSchema& table : declared->tables()) tables.push_back(table.name);

  Import import(session, *file, *plan, std::move(tables));
  auto before = import.count();
  if (!session.settings.timeout_given) session.caller.set_timeout_ms(kWriteTimeoutMs);
  if (before && replace && before->total() > 0) {
    const Status sure = confirm_for_database(session, arguments, "db import --replace", kReplaces);
    if (!sure) return session.report(sure.error());
    before = empty_database(session, import);
  }
  if (!before) return session.report(before.error());

  Status done = import.run(*before);
  if (!done && import.rows_done() > 0) {
    session.console.say(std::to_string(import.rows_done()) + " of " + rows_text(file->rows()) +
                        " are written; the same command goes on from there");
  }
  if (!done) return session.report(done.error());
  const auto after = import.count();
  if (!after) return session.report(after.error());
  if (const Status same = import.compare(*after); !same) return session.report(same.error());
  session.output.print(Json(Json::Object{{"rows", file->rows()}, {"index", after->index}}));
  return ExitStatus::kOk;
}

}  // namespace tandem::client
