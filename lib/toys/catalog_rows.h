// The rows of a snapshot of the catalog, read; catalog.cc writes them, tandem-log(5) shows them.
// Private to this library.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "repl/state_machine.h"
#include "toys/catalog.h"

namespace tandem::toys {

struct InitialisedRow {
  bool initialised = false;
};
struct GroupRow {
  uint64_t lineage = 0;
  IntentId closed_below;
};
struct TakeRow {
  uint64_t orders = 0;
  IntentId intent;
  uint16_t status = 0;
};
using CatalogRow = std::variant<InitialisedRow, Toy, GroupRow, TakeRow>;

// Fails with kCorrupt.
Result<CatalogRow> parse_catalog_row(std::string_view row);

// That a take is of no group, or of an intent that is closed.
tl::unexpected<Error> take_of_no_intent(const IntentId& intent);

// Keeps the groups and the names of the toys, which are few.
class CatalogRowChecker final : public repl::RowChecker {
 public:
  Status check(std::string_view row) override;

 private:
  std::set<std::string> names_;
  std::map<uint64_t, IntentId> closed_below_;  // of each group
};

}  // namespace tandem::toys
