// CHECK(condition): for what cannot happen while the program is right. It stays on in release
// builds: going on with a broken invariant can lose acknowledged writes, ending cannot.
#pragma once

#include <string_view>

namespace tandem {

// Writes where, what and why to stderr and ends the process with a core dump (SIGABRT), so that
// nothing more is acknowledged.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view why);

}  // namespace tandem

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::tandem::check_failed(__FILE__, __LINE__, #condition, {}))
#define CHECK_MSG(condition, why)     \
  ((condition) ? static_cast<void>(0) \
               : ::tandem::check_failed(__FILE__, __LINE__, #condition, (why)))
