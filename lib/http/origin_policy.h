// Whose pages may use a service through the browser of somebody who can reach it. Two doors are
// shut: a foreign page that sends a form or a script's request here (its Origin, or Sec-Fetch-Site
// where there is none), and a foreign name that was made to lead here (Host, "DNS rebinding").
// Programs send neither Origin nor Sec-Fetch-Site and are not concerned. Pure.
//
// Sources: RFC 6454 (Origin), Fetch Metadata Request Headers, the Fetch standard (CORS).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request.h"

namespace tandem::http {

struct OriginPolicy {
  // Names and addresses under which the server is asked, in lower case and without a port; "*" is
  // any. Empty: any too, or where `loopback` localhost, 127.0.0.0/8 and [::1].
  std::vector<std::string> hosts = {};
  bool loopback = false;
  // "https://shop.example:8443": whose pages may ask everything, and read the answers.
  std::vector<std::string> origins = {};
};

// Whether `host` is loopback: an address to listen on, or the name in a Host header.
bool is_loopback(std::string_view host);
// Fail with kConfig where `text` can be none of the policy's hosts, or none of its origins.
Status check_host(const std::string& text);
Status check_origin(const std::string& text);
// In the form that requests are compared with: lower case, no slash at the end.
OriginPolicy normal(OriginPolicy policy);

// All with a policy in that form.

// Whether the server is the one that the request names. One without a name (HTTP/1.0) passes.
bool knows_host(const OriginPolicy& policy, const Request& request);
// The Origin of the request where it is one of the policy's, else "".
std::string_view allowed_origin(const OriginPolicy& policy, const Request& request);
// Whether the request may change state: it comes from a program, from a page of the same origin, or
// from an allowed one.
bool may_change(const OriginPolicy& policy, const Request& request);

}  // namespace tandem::http
