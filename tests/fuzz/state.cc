// The state machine of each group with the memory of keys around it. The first byte chooses it;
// then commands, one a line, each behind the length of its key and the key: any bytes. Whatever
// state that gives is written, read back by checker and state machine, and answers the rest of the
// commands as the first one does.
#include <string>
#include <string_view>

#include "db/database.h"
#include "fuzz/fuzz.h"
#include "support/read_back.h"
#include "toys/catalog.h"
#include "toys/orders.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

constexpr int64_t kStepMs = 1'000'000;

template <typename Machine>
void run(std::string_view text) {
  support::Replicated<Machine> state;
  support::Replicated<Machine> other;
  bool both = false;
  wire::Entry entry;
  fuzz::each_line(text, [&](std::string_view line) {
    if (line.empty()) {  // an empty line is where the snapshot is taken
      if (!both) state.read_back_into(other);
      both = true;
      return;
    }
    const size_t key = static_cast<unsigned char>(line.front());
    line.remove_prefix(1);
    ++entry.index;
    entry.epoch = 1 + entry.index / 8;
    entry.time_ms += kStepMs * static_cast<int64_t>(entry.index % 3);
    entry.request_id = line.substr(0, key);
    entry.payload = line.substr(entry.request_id.size());
    const repl::Applied answer = state.apply(entry);
    CHECK_MSG(wire::is_utf8(answer.body), entry.payload);
    if (!both) return;
    const repl::Applied again = other.apply(entry);
    CHECK_MSG(again.status == answer.status && again.body == answer.body, entry.payload);
  });
  if (!both) state.read_back_into(other);
  CHECK(support::rows_of(other.state()) == support::rows_of(state.state()));
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      run<db::Database>(text);
      break;
    case 1:
      run<toys::Orders>(text);
      break;
    default:
      run<toys::Catalog>(text);
  }
  return 0;
}
