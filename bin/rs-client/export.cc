// db export: the stream of the database service to standard output or into a file, checked as it
// comes: what is cut or damaged is never taken for whole.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "commands.h"
#include "db/export_format.h"
#include "file/directories.h"
#include "file/file.h"
#include "session.h"

namespace tandem::client {
namespace {

constexpr uint64_t kProgressMs = 200;
constexpr uint64_t kFirstPauseMs = 100;
constexpr uint64_t kMaxPauseMs = 1000;
// The service reads all tables before it sends the first byte.
constexpr uint64_t kFirstSilenceMs = uint64_t{15} * 60'000;
constexpr uint64_t kSilenceMs = 60'000;
constexpr size_t kMaxLineBytes = size_t{64} << 20;

int64_t now_ms() { return system_clock().boot_ns() / 1'000'000; }

// Where an export goes.
class Target {
 public:
  virtual ~Target() = default;
  virtual Status write(std::string_view bytes) = 0;
  // All of it has come.
  virtual Status finish() = 0;
  // What is there of one that did not come whole, for people.
  virtual std::string what_is_left() const = 0;
};

class StandardOutput final : public Target {
 public:
  explicit StandardOutput(Output& output) : output_(output) {
    output_.tell_if_lost("the export on standard output is not complete", false);
  }
  Status write(std::string_view bytes) override {
    if (output_.is_terminal()) return show(bytes);
    output_.write(bytes);
    any_ = true;
    return {};
  }
  Status finish() override {
    output_.flush();
    return {};
  }
  std::string what_is_left() const override {
    return any_ ? "what is on standard output is not complete" : "nothing was written";
  }

 private:
  // A terminal gets the lines in a form that does not drive it.
  Status show(std::string_view bytes) {
    line_ += bytes;
    size_t used = 0;
    for (size_t end = line_.find('\n'); end != std::string::npos; end = line_.find('\n', used)) {
      output_.write_json(std::string_view(line_).substr(used, end - used));
      used = end + 1;
    }
    any_ = any_ || used > 0;
    line_.erase(0, used);
    return {};
  }

  Output& output_;
  std::string line_;
  bool any_ = false;
};

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A file of that name is replaced; a device or a pipe would be, too.
Status check_replaceable(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0 || S_ISREG(about.st_mode)) return {};
  return fail(ErrorKind::kCannotCreate,
              "'" + path + "' is there, and is no file: '> " + path + "' writes into it");
}

// Has its name when it is whole, and is on the disk then.
class NewFile final : public Target {
 public:
  static Result<std::unique_ptr<NewFile>> create(std::string path) {
    if (Status good = check_replaceable(path); !good) return fail(std::move(good.error()));
    const std::string temporary = path + "." + hex_id(random_id()) + ".tmp";
    auto opened =
        file::open_regular(temporary, O_WRONLY | O_CREAT | O_EXCL, ErrorKind::kCannotCreate);
    if (!opened) {
      Error error = std::move(opened.error());
      if (error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kCannotCreate;
      return fail(std::move(error));
    }
    return std::unique_ptr<NewFile>(
        new NewFile(std::move(path), temporary, std::move(*opened)));  // NOLINT: private
  }
  ~NewFile() override {
    if (!finished_) unlink(temporary_.c_str());
  }

  Status write(std::string_view bytes) override {
    Status written = file::write_at(file_, size_, bytes, temporary_);
    if (written) size_ += bytes.size();
    return written;
  }
  Status finish() override {
    if (Status synced = file::sync(file_, temporary_); !synced) return synced;
    if (Status renamed = file::rename(temporary_, path_); !renamed) return renamed;
    finished_ = true;
    return file::sync_directory(parent_of(path_));
  }
  std::string what_is_left() const override { return "'" + path_ + "' was not written"; }

 private:
  NewFile(std::string path, std::string temporary, file::Descriptor file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}

  const std::string path_;
  const std::string temporary_;
  file::Descriptor file_;
  uint64_t size_ = 0;
  bool finished_ = false;
};

class Export {
 public:
  Export(Session& session, Target& target)
      : session_(session),
        target_(target),
        again_(session.loop, [this] { ask(); }),
        silence_(session.loop,
                 [this] {
                   end({ErrorKind::kTimeout, "nothing came for too long"});
                 }),
        progress_(session.loop, [this] { show_progress(); }) {}

  Status run() {
    begun_ms_ = now_ms();
    const auto interrupt = [this] { end({ErrorKind::kTimeout, "interrupted"}); };
    loop::Signal on_int(session_.loop, SIGINT, interrupt);
    loop::Signal on_term(session_.loop, SIGTERM, interrupt);
    if (session_.console.is_terminal() && !session_.output.is_terminal()) {
      progress_.start(kProgressMs, kProgressMs);
    }
    ask();
    session_.loop.run();
    if (fetch_id_ != 0) session_.fetcher.cancel(fetch_id_);
    again_.stop();
    silence_.stop();
    progress_.stop();
    session_.console.progress("");
    if (ended_) return fail(*ended_);
    return target_.finish();
  }

  const db::ExportReader& reader() const { return reader_; }

 private:
  void ask() {
    const Call call = session_.read("GET", session_.settings.orch_url + "/api/v1/db/export");
    request_id_ = hex_id(random_id());
    fetch::Request request;
    request.url = call.url;
    request.headers = call.headers;
    request.headers.push_back("X-Request-Id: " + request_id_);
    request.headers.emplace_back("Prefer: handling=strict");
    request.on_body = [this](std::string_view bytes) { take(bytes); };
    fetch_id_ = session_.follow(
        std::move(request), [this](Result<fetch::Answer> answer) { on_end(std::move(answer)); });
    silence_.start(kFirstSilenceMs);
  }

  void take(std::string_view bytes) {
    if (ended_) return;
    silence_.start(kSilenceMs);
    bytes_ += bytes.size();
    Status taken = check(bytes);
    if (taken) taken = target_.write(bytes);
    if (!taken) end(std::move(taken.error()));
  }

  Status check(std::string_view bytes) {
    while (true) {
      const size_t end = bytes.find('\n');
      line_ += bytes.substr(0, end);
      if (end == std::string_view::npos) break;
      if (Status read = reader_.line(line_); !read) return read;
      line_.clear();
      bytes.remove_prefix(end + 1);
    }
    if (line_.size() <= kMaxLineBytes) return {};
    return fail(ErrorKind::kCorrupt, "a line is longer than 64 MiB");
  }

  void on_end(Result<fetch::Answer> answer) {
    fetch_id_ = 0;
    if (!answer)
      answer = fail(session_.caller.with_origin(answer.error(), session_.settings.orch_url + "/"));
    if (bytes_ == 0 && worth_repeating(Call::Kind::kRead, answer) &&
        now_ms() + static_cast<int64_t>(pause_ms_) - begun_ms_ < session_.settings.timeout_ms) {
      silence_.stop();
      again_.start(pause_ms_);
      pause_ms_ = std::min(2 * pause_ms_, kMaxPauseMs);
      return;
    }
    const bool has_answer = answer.has_value();
    const auto reply =
        has_answer ? judge(std::move(*answer), request_id_) : Result<Reply>(fail(answer.error()));
    if (!reply) {
      Error error = reply.error();
      if (bytes_ > 0)
        error.message =
            "the export broke off after " + std::to_string(bytes_) + " bytes: " + error.message;
      if (error.kind == ErrorKind::kUnknown) error.kind = ErrorKind::kUnavailable;
      return end(std::move(error));
    }
    if (Status whole = reader_.end(); !whole || !line_.empty()) {
      return end(whole ? Error{ErrorKind::kCorrupt, "something follows the end"} : whole.error());
    }
    session_.loop.stop();
  }

  void end(Error error) {
    if (!ended_) ended_ = std::move(error);
    session_.loop.stop();
  }

  void show_progress() {
    session_.console.progress(std::to_string(reader_.total_rows()) + " rows, " +
                              std::to_string(bytes_ >> 20) + " MiB");
  }

  Session& session_;
  Target& target_;
  db::ExportReader reader_{db::ExportReader::Depth::kLines};
  std::string line_;
  loop::Timer again_;
  loop::Timer silence_;
  loop::Timer progress_;
  std::string request_id_;
  uint64_t fetch_id_ = 0;
  uint64_t pause_ms_ = kFirstPauseMs;
  uint64_t bytes_ = 0;
  int64_t begun_ms_ = 0;
  std::optional<Error> ended_;
};

}  // namespace

ExitStatus db_export(Session& session, const Arguments& arguments) {
  const std::string path = arguments.value("output");
  std::unique_ptr<Target> target;
  if (!path.empty() && path != "-") {
    auto created = NewFile::create(path);
    if (!created) return session.report(created.error());
    target = std::move(*created);
  } else {
    target = std::make_unique<StandardOutput>(session.output);
  }
  Export run(session, *target);
  const Status done = run.run();
  if (!done) {
    if (path.empty() || path == "-") session.output.flush();
    session.console.say(target->what_is_left());
    return session.report(done.error());
  }
  if (session.console.is_terminal()) {
    session.console.say(std::to_string(run.reader().total_rows()) + " rows as of index " +
                        std::to_string(run.reader().header().index));
  }
  return ExitStatus::kOk;
}

}  // namespace tandem::client
