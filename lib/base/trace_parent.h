// The header "traceparent" of distributed tracing (W3C Trace Context, level 1):
//
//   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//   version, trace id, id of the caller's span, flags
#pragma once

#include <string_view>

namespace tandem {

// The trace id, 32 hexadecimal digits, as a view into the value; "" where that is malformed, as one
// that is to be ignored.
std::string_view trace_id_in(std::string_view trace_parent);

}  // namespace tandem
