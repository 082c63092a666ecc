// The state machines of the toy store. The first byte chooses: commands or rows of a snapshot, one
// a line, into the catalog or the orders. Commands never fail; stock + sold = start + restocked and
// the order numbers without a gap after each; rows are refused or give a state whose own snapshot
// gives the same state again.
#include <memory>
#include <vector>

#include "fuzz/fuzz.h"
#include "toys/catalog.h"
#include "toys/orders.h"
#include "wire/json.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

std::vector<std::string> rows_of(const repl::StateMachine& machine) {
  std::vector<std::string> rows;
  CHECK(machine.freeze()->write_rows([&rows](std::string_view row) {
    rows.emplace_back(row);
    return true;
  }));
  return rows;
}

void check_state(const toys::Catalog& catalog) {
  for (const toys::Toy& toy : catalog.toys()) {
    CHECK(toy.stock >= 0 && toy.sold >= 0 && toy.restocked >= 0);
    CHECK_MSG(toy.stock + toy.sold == toy.start + toy.restocked, toys::to_json(toy));
    CHECK(catalog.find(toy.name) == &toy);
  }
}

void check_state(const toys::Orders& orders) {
  CHECK(orders.count() == 0 || orders.find(orders.count() - 1) != nullptr);
  CHECK(orders.find(orders.count()) == nullptr);
  for (const auto& [id, intent] : orders.open()) {
    CHECK(id == intent.id && orders.closed_below() <= id);
  }
}

template <typename Machine>
void check_snapshot(const Machine& machine) {
  const auto rows = rows_of(machine);
  Machine again;
  again.reset();
  for (const std::string& row : rows) {
    const Status restored = again.restore_row(row);
    CHECK_MSG(restored.has_value(), row + ": " + restored.error().message);
  }
  CHECK(again.finish_restore().has_value());
  check_state(again);
  CHECK(rows_of(again) == rows);
}

template <typename Machine>
void apply_lines(std::string_view text) {
  Machine machine;
  wire::Entry entry;
  fuzz::each_line(text, [&](std::string_view line) {
    ++entry.index;
    entry.epoch = 1 + entry.index / 8;
    entry.request_id = "k" + std::to_string(entry.index % 5);
    entry.payload = line;
    CHECK(wire::parse_json(machine.apply(entry).body).has_value());
    check_state(machine);
  });
  check_snapshot(machine);
}

template <typename Machine>
void restore_lines(std::string_view text) {
  Machine machine;
  machine.reset();
  bool good = true;
  fuzz::each_line(text, [&](std::string_view line) {
    if (!good) return;
    const Status restored = machine.restore_row(line);
    good = restored.has_value();
    CHECK(good || restored.error().kind == ErrorKind::kCorrupt);
  });
  if (!good || !machine.finish_restore()) return;
  check_state(machine);
  check_snapshot(machine);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      apply_lines<toys::Catalog>(text);
      break;
    case 1:
      apply_lines<toys::Orders>(text);
      break;
    case 2:
      restore_lines<toys::Catalog>(text);
      break;
    default:
      restore_lines<toys::Orders>(text);
  }
  return 0;
}
