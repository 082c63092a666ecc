// db export: the stream of the database service to standard output or into a file, checked as it
// comes: what is cut or damaged is never taken for whole.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "commands.h"
#include "db/export_format.h"
#include "download.h"
#include "session.h"
#include "target.h"

namespace tandem::client {
namespace {

constexpr size_t kMaxLineBytes = size_t{64} << 20;

class Export final : public Download::Taker {
 public:
  explicit Export(Target& target) : target_(target) {}

  Status take(std::string_view bytes) override {
    const Status good = check(bytes);
    return good ? target_.write(bytes) : good;
  }
  Status end() override {
    if (Status whole = reader_->end(); !whole) return whole;
    if (!line_.empty()) return fail(ErrorKind::kCorrupt, "something follows the end");
    return target_.finish();
  }
  bool begin_anew() override {
    if (!target_.begin_anew()) return false;
    reader_.emplace(db::ExportReader::Depth::kLines);
    line_.clear();
    return true;
  }
  uint64_t rows() const override { return reader_->total_rows(); }
  const db::ExportReader& reader() const { return *reader_; }

 private:
  Status check(std::string_view bytes) {
    while (true) {
      const size_t end = bytes.find('\n');
      line_ += bytes.substr(0, end);
      if (end == std::string_view::npos) break;
      if (Status read = reader_->line(line_); !read) return read;
      line_.clear();
      bytes.remove_prefix(end + 1);
    }
    if (line_.size() <= kMaxLineBytes) return {};
    return fail(ErrorKind::kCorrupt, "a line is longer than 64 MiB");
  }

  Target& target_;
  std::optional<db::ExportReader> reader_{db::ExportReader::Depth::kLines};
  std::string line_;
};

}  // namespace

ExitStatus db_export(Session& session, const Arguments& arguments) {
  const std::string path = arguments.value("output");
  const auto target = open_target(session.output, path, "the export");
  if (!target) return session.report(target.error());
  Export taker(**target);
  Download download(session, session.settings.orch_url + "/api/v1/db/export", "the export", taker);
  if (const Status done = download.run(); !done) {
    if (path.empty() || path == "-") session.output.flush();
    session.console.say((*target)->what_is_left());
    return session.report(done.error());
  }
  if (session.console.is_terminal()) {
    session.console.say(std::to_string(taker.rows()) + " rows as of index " +
                        std::to_string(taker.reader().header().index));
  }
  return ExitStatus::kOk;
}

}  // namespace tandem::client
