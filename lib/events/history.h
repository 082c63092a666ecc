// Events on disk: the newest few megabytes of them, one JSON object a line, in files named for the
// id of their first line. Lines are not synced: a machine that loses its power loses the last ones.
// Format: tandem-files(5).
//
// Blocks for as long as a line is written.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "file/descriptor.h"
#include "wire/json.h"

namespace tandem::events {

struct HistoryLimits {
  uint64_t file_bytes = 256 << 10;  // then another file is begun
  size_t files = 16;                // the oldest of more is removed
};

class History {
 public:
  struct Line {
    uint64_t id = 0;  // above that of the line before
    wire::Json json;  // an object with this "id"
  };

  // Keeps events in `directory`, which is made where it is missing. kBusy: another process does.
  // Else as errno says.
  static Result<History> open(std::string directory, HistoryLimits limits = {});

  // Whether the directory was removed, or what is in it: what is written here is lost then.
  bool is_gone() const;
  // What is there, in the order of ids. What is no event is passed over: the end of a line that a
  // crash has cut, or what others have put there.
  std::vector<Line> read() const;
  // REQUIRES: `id` is above all that are there; `line` is an object with this id, without a newline.
  // After an error nothing or a part of the line was written, and the next one begins a file.
  Status append(uint64_t id, std::string_view line);

 private:
  History(std::string directory, HistoryLimits limits, file::Descriptor lock)
      : directory_(std::move(directory)), limits_(limits), lock_(std::move(lock)) {}

  Status list();
  Status begin_file(uint64_t id);
  void give_up_newest();
  void remove_oldest();
  std::string path_of(uint64_t first_id) const;

  std::string directory_;
  HistoryLimits limits_;
  file::Descriptor lock_;
  std::deque<uint64_t> first_ids_;  // of the files, ascending
  file::Descriptor newest_;         // closed: the next line begins a file
  uint64_t newest_bytes_ = 0;
};

}  // namespace tandem::events
