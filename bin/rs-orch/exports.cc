#include "exports.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "wire/error_body.h"
#include "wire/json.h"

namespace tandem::orch {
namespace {

constexpr std::string_view kContentType = "application/x-ndjson";
// Of an export of everything that users have entrusted: nothing on the way keeps it.
constexpr http::NameValue kNotKept = {"Cache-Control", "no-store"};

constexpr uint16_t kNotYet = 202;  // of a part, see bin/rs-worker/exports.h
constexpr uint16_t kAtTheEnd = 204;
constexpr uint16_t kFailed = 410;

}  // namespace

Exports::~Exports() = default;

void Exports::head(http::Responder responder) {
  responder.whole_stream(kContentType, {kNotKept}).end();
}

void Exports::begin(const wire::Request& wanted, http::Responder responder,
                    repl::ReplicaId replica) {
  if (exports_.size() >= kMaxExports) {
    return responder.error(503, "too many exports are under way: ask again later");
  }
  exports_.push_back(std::make_unique<Export>());
  Export& about = *exports_.back();
  about.request_id = wanted.request_id;
  about.responder = std::move(responder);
  wire::Request request = wanted;
  request.method = wire::Method::kDbExport;
  request.request_id = about.request_id;
  ask_(
      request,
      [self = self_.ref(), &about](const wire::Response& response) {
        if (self) self->begun(about, response);
      },
      replica);
}

void Exports::begun(Export& about, const wire::Response& response) {
  const auto json = wire::parse_json(response.body);
  const wire::Json* id = json ? json->find("export") : nullptr;
  const wire::Json* replica = json ? json->find("replica") : nullptr;
  const bool known = id != nullptr && id->as_string() != nullptr && replica != nullptr &&
                     replica->as_int() != nullptr;
  if (response.status != 200 || !known) return refuse(about, response);
  about.id = *id->as_string();
  about.replica = static_cast<repl::ReplicaId>(*replica->as_int());
  next_part(about);
}

wire::Request Exports::question(const Export& about, const std::string& body) const {
  wire::Request request;
  request.method = wire::Method::kExportPart;
  request.request_id = about.request_id;
  request.body = body;
  return request;
}

void Exports::next_part(Export& about) {
  if (about.asking) return;
  if (!about.stream.open() && !about.responder.waiting()) return close(about);
  about.asking = true;
  wire::Json body;
  body.set("export", about.id);
  body.set("offset", about.offset);
  ask_(
      question(about, body.dump()),
      [self = self_.ref(), &about](const wire::Response& response) {
        if (self) self->on_part(about, response);
      },
      about.replica);
}

void Exports::on_part(Export& about, const wire::Response& response) {
  about.asking = false;
  if (response.status == kNotYet) return next_part(about);
  const bool begins = about.offset == 0;
  if (response.status == kAtTheEnd && !begins) {
    about.stream.end();
    return close(about);
  }
  if (response.status != 200) return refuse(about, response);
  if (begins) {
    const std::string index = std::to_string(response.index);
    about.stream = about.responder.whole_stream(kContentType, {kNotKept, {"X-Db-Index", index}});
    about.stream.on_taken([this, &about] { next_part(about); });
    about.stream.on_closed([this, &about] {
      if (!about.asking) close(about);
    });
  }
  about.offset += response.body.size();
  // The client may have gone, or asked for the head alone.
  if (!about.stream.write(response.body)) close(about);
}

// There is no way to tell why in the middle of a stream: the log has it.
void Exports::refuse(Export& about, const wire::Response& response) {
  const std::string why = wire::error_message_in(response.body).value_or("no replica answered");
  if (about.offset > 0) {
    log::warning("an export broke off", {{"error", why},
                                         {"bytes", about.offset},
                                         {"replica", about.replica},
                                         {"request_id", about.request_id}});
    about.stream.break_off();
  } else if (response.status == 200 || response.status == kFailed || response.status == 404) {
    about.responder.error(503, why);
  } else {
    about.responder.error(response.status, why);
  }
  close(about);
}

// The worker need not wait until it finds out by itself.
void Exports::close(Export& about) {
  if (!about.id.empty()) {
    wire::Json body;
    body.set("export", about.id);
    body.set("close", true);
    ask_(
        question(about, body.dump()), [](const wire::Response&) {}, about.replica);
  }
  remove(about);
}

void Exports::remove(Export& about) {
  std::erase_if(exports_, [&](const auto& each) { return each.get() == &about; });
}

}  // namespace tandem::orch
