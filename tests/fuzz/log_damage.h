// Logs of a replica, in memory, and what can happen to their files: for the fuzz target `log` and
// for the seeds of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "storage/log.h"
#include "unit/storage/memory_disk.h"

namespace tandem::fuzz {

using Files = std::map<std::string, std::string>;

struct LogImage {
  Files files;
  uint64_t base = 0;
  std::vector<wire::Entry> entries;  // all that the files hold
  uint64_t durable = 0;              // the promise file says that entries up to here were durable
};

storage::LogOptions log_options();
// A log of several segments and epochs, closed properly or left by a killed process.
const LogImage& log_image(bool killed);

enum class Damage : uint8_t {
  // By chance: no checksum fits by accident.
  kFlipBit,
  kZero,
  kTruncate,
  kRemove,
  // By choice: forged.
  kOverwrite,
  kCopy,     // a range of one file over another: sectors of an earlier time
  kRename,   // a segment
  kRecord,   // a well-formed record, anywhere
  kHeader,   // a well-formed header of a segment
  kPromise,  // a well-formed slot
  kCount,
};

// Does one damage after another until the choices end; true where one of them was forged.
bool damage(Files& files, Choices& choices);

}  // namespace tandem::fuzz
