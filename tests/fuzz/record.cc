// The configuration record of a group, and the sealed text that it is stored in.
#include "fuzz/fuzz.h"
#include "repl/types.h"
#include "wire/sealed_text.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tandem;  // NOLINT: a program of one file
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto inner = wire::unseal_text(text)) CHECK(wire::seal_text(*inner) == text);
  CHECK(wire::unseal_text(wire::seal_text(text)) == text);

  const auto record = repl::parse_record(text);
  if (!record) {
    CHECK(
        (record.error().kind == ErrorKind::kCorrupt || record.error().kind == ErrorKind::kConfig));
    return 0;
  }
  const std::string once = repl::to_text(*record);
  const auto again = repl::parse_record(once);
  CHECK(again.has_value());
  CHECK(*again == *record);
  CHECK(repl::to_text(*again) == once);
  CHECK(record->find(record->leader) != nullptr);
  return 0;
}
