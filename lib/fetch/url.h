// Parts of URLs (RFC 3986).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::fetch {

// `text` as one segment of a path or one value of a query: everything but letters, digits, '-',
// '_' and '~' is percent-encoded. Dots as well: a segment "." or ".." would change the path.
std::string percent_encode(std::string_view text);

// Fails with kConfig where `url` is not http://HOST[:PORT][/PATH] or the same with https, without
// query and fragment: what paths can be appended to. Gives it without slashes at its end.
Result<std::string> base_url(std::string_view url);

}  // namespace tandem::fetch
