// The entry of a member as text: a line of JSON, as files and other back ends keep it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "coord/coord.h"

namespace tandem::coord {

std::string encode_member(const Member& member);
// kConfig where a later program wrote it in another format, kCorrupt where it is damaged.
Result<Member> decode_member(std::string_view text);

}  // namespace tandem::coord
