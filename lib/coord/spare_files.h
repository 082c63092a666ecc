// Files of one block each, made while there is room, for what has to be written when there is none;
// and how a file is replaced with their help. All calls block.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tandem::coord {

class SpareFiles {
 public:
  static constexpr size_t kWanted = 16;
  static constexpr size_t kBytes = 4096;

  // They are in `directory`, alone.
  explicit SpareFiles(std::string directory) : directory_(std::move(directory)) {}
  // Makes what is missing of them; as many as there is room for.
  void refill() const;
  // file::write_new(path, content), or, where there is no room for a new file, one of these under
  // that name: written over in place and synced, it needs neither block nor inode. `path` is in the
  // same file system and not in use.
  Status write(const std::string& path, std::string_view content) const;

 private:
  Status write_over(const std::string& path, std::string_view content) const;
  std::string directory_;
};

// spares.write(temporary), rename, sync of `directory`.
Status replace_file(const SpareFiles& spares, const std::string& temporary,
                    const std::string& directory, const std::string& name,
                    std::string_view content);

}  // namespace tandem::coord
