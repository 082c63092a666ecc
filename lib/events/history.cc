#include "events/history.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/number.h"
#include "file/directories.h"
#include "file/file.h"

namespace tandem::events {
namespace {

constexpr std::string_view kPrefix = "events-";
constexpr std::string_view kSuffix = ".ndjson";
constexpr int64_t kMaxId = int64_t{1} << 53;  // ids go on from the last, and browsers count so far

// nullopt: it is no file of ours.
std::optional<uint64_t> first_id_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  return parse_number<uint64_t>(name);
}

}  // namespace

Result<History> History::open(std::string directory, HistoryLimits limits) {
  if (Status made = file::make_directories(directory); !made) return fail(made.error());
  const std::string lock_path = directory + "/lock";
  auto lock = file::open_regular(lock_path, O_RDWR | O_CREAT);
  if (!lock) return fail(lock.error());
  const auto locked = file::try_flock(*lock, LOCK_EX, lock_path);
  if (!locked) return fail(locked.error());
  if (!*locked) {
    return fail(ErrorKind::kBusy, "another process keeps its events in '" + directory + "'");
  }
  History history(std::move(directory), limits, std::move(*lock));
  if (Status listed = history.list(); !listed) return fail(listed.error());
  return history;
}

Status History::list() {
  const auto names = file::list_directory(directory_);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (const auto id = first_id_of(name)) first_ids_.push_back(*id);
  }
  std::sort(first_ids_.begin(), first_ids_.end());
  return {};
}

std::string History::path_of(uint64_t first_id) const {
  // As wide as the largest number: sorted by name they are sorted by id.
  char digits[21];
  std::snprintf(digits, sizeof digits, "%020llu", static_cast<unsigned long long>(first_id));
  return directory_ + "/" + std::string(kPrefix) + digits + std::string(kSuffix);
}

bool History::is_gone() const {
  const auto unlinked = [](const file::Descriptor& file) {
    struct stat about {};
    return file.get() >= 0 && fstat(file.get(), &about) == 0 && about.st_nlink == 0;
  };
  return unlinked(lock_) || unlinked(newest_);
}

std::vector<History::Line> History::read() const {
  std::vector<Line> lines;
  for (const uint64_t first : first_ids_) {
    const auto text = file::read_if_there(path_of(first));
    if (!text) log::warning("cannot read events", {{"error", text.error().message}});
    if (!text || !*text) continue;
    std::string_view rest = **text;
    for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      auto json = wire::parse_json(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      const wire::Json* id = json ? json->find("id") : nullptr;
      const int64_t* number = id == nullptr ? nullptr : id->as_int();
      const uint64_t last = lines.empty() ? 0 : lines.back().id;
      if (number == nullptr || *number <= 0 || *number > kMaxId) continue;
      if (static_cast<uint64_t>(*number) <= last) continue;
      lines.push_back({static_cast<uint64_t>(*number), std::move(*json)});
    }
  }
  return lines;
}

Status History::append(uint64_t id, std::string_view line) {
  if (!newest_ || newest_bytes_ >= limits_.file_bytes) {
    if (Status begun = begin_file(id); !begun) return begun;
  }
  std::string text(line);
  text += '\n';
  const Status written = file::write_at(newest_, newest_bytes_, text, path_of(first_ids_.back()));
  if (!written) {
    give_up_newest();
    return written;
  }
  newest_bytes_ += text.size();
  remove_oldest();
  return {};
}

Status History::begin_file(uint64_t id) {
  newest_.reset();
  auto made = file::open_regular(path_of(id), O_WRONLY | O_CREAT | O_TRUNC);
  if (!made) return fail(made.error());
  newest_ = std::move(*made);
  newest_bytes_ = 0;
  first_ids_.push_back(id);
  return {};
}

// On a full disk files without a line would take the places of those that have some.
void History::give_up_newest() {
  newest_.reset();
  if (newest_bytes_ != 0) return;
  ::unlink(path_of(first_ids_.back()).c_str());
  first_ids_.pop_back();
}

void History::remove_oldest() {
  while (first_ids_.size() > limits_.files) {
    ::unlink(path_of(first_ids_.front()).c_str());
    first_ids_.pop_front();
  }
}

}  // namespace tandem::events
