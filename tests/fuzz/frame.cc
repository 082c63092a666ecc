// Items of a message, and the requests and responses in them: what is well formed reads back as the
// same bytes, and whatever is not is refused without reading past the end.
#include "wire/frame.h"

#include "fuzz/fuzz.h"
#include "wire/envelope.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

template <typename Envelope>
void round_trip(std::string_view bytes) {
  Envelope envelope;
  if (!wire::decode(bytes, envelope)) return;
  std::string again;
  wire::encode(envelope, again);
  CHECK(again == bytes);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view message = fuzz::text_of(data, size);
  std::string again;
  wire::ItemReader reader(message);
  wire::Item item;
  while (reader.next(item)) {
    wire::append_item(again, item.id, item.payload);
    round_trip<wire::Request>(item.payload);
    round_trip<wire::Response>(item.payload);
  }
  CHECK(message.starts_with(again));
  CHECK(reader.ok() == (again.size() == message.size()));
  return 0;
}
