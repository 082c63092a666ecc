// What a call knows by name, for clients that want to be told of anything else: with
// `Prefer: handling=strict` (RFC 7240, 4.4) or ?strict=1 a key of the query or the body that nobody
// reads is refused, as is one beside a list that stands in its place. Else it is ignored, as ever,
// and "wher" in place of "where" means every row. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/request.h"
#include "http/router.h"

namespace tandem::http {

// Names that are separated by blanks.
struct Known {
  std::string_view body = {};   // keys of a JSON object or an HTML form; empty: none is read
  std::string_view query = {};  // beside "strict", which every call has
  std::string_view items = {};  // keys of the objects in the arrays "if", "ops" and "reads" of it
};

// Fails with kBadInput naming the key where the client asked for it. A body that cannot be read is
// left to the call, where it reads one.
Status check_strict(const Request& request, const Known& known);

// The handler behind that check. Every call of every service has it.
Handler strictly(Known known, Handler handler);

}  // namespace tandem::http
