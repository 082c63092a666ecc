#include "group/exports.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "wire/error_body.h"
#include "wire/json.h"

namespace tandem::group {
namespace {

constexpr std::string_view kContentType = "application/x-ndjson";
// Of everything that users have entrusted: nothing on the way keeps it.
constexpr http::NameValue kNotKept = {"Cache-Control", "no-store"};

constexpr uint16_t kNotYet = 202;  // of a part, see replica/exports.h
constexpr uint16_t kAtTheEnd = 204;
constexpr uint16_t kFailed = 410;

Exports::Refusal refusal_of(const wire::Response& response) {
  const bool of_the_export =
      response.status == 200 || response.status == kFailed || response.status == 404;
  return {of_the_export ? 503 : response.status,
          wire::error_message_in(response.body).value_or("no replica answered")};
}

Exports::Opened opened(const Exports::Ask& ask, const wire::Response& response) {
  const auto json = wire::parse_json(response.body);
  const wire::Json* id = json ? json->find("export") : nullptr;
  const wire::Json* replica = json ? json->find("replica") : nullptr;
  const wire::Json* index = json ? json->find("index") : nullptr;
  const bool known = id != nullptr && id->as_string() != nullptr && replica != nullptr &&
                     replica->as_int() != nullptr;
  if (response.status != 200 || !known) return tl::unexpected(refusal_of(response));
  const bool taken = index != nullptr && index->as_int() != nullptr;
  return Exports::Source{&ask, *id->as_string(), static_cast<repl::ReplicaId>(*replica->as_int()),
                         taken ? static_cast<uint64_t>(*index->as_int()) : 0};
}

void ask_part(const Exports::Source& source, const std::string& request_id, const wire::Json& body,
              Gateway::Done done) {
  const std::string text = body.dump();
  wire::Request request;
  request.method = wire::Method::kExportPart;
  request.request_id = request_id;
  request.body = text;
  (*source.ask)(request, std::move(done), source.replica);
}

}  // namespace

Exports::~Exports() = default;

void Exports::head(http::Responder responder) {
  responder.whole_stream(kContentType, {kNotKept}).end();
}

bool Exports::refuse_one_more(http::Responder& responder) const {
  if (exports_.size() < kMaxExports) return false;
  responder.error(503, "too many exports are under way: ask again later");
  return true;
}

Exports::Export& Exports::add(const std::string& request_id, http::Responder responder) {
  exports_.push_back(std::make_unique<Export>());
  Export& about = *exports_.back();
  about.request_id = request_id;
  about.responder = std::move(responder);
  return about;
}

void Exports::open(const Ask& ask, const wire::Request& wanted, repl::ReplicaId replica,
                   UniqueFunction<void(Opened)> done) {
  ask(
      wanted,
      [&ask, done = std::move(done)](const wire::Response& response) mutable {
        done(opened(ask, response));
      },
      replica);
}

void Exports::begin(const Ask& ask, const wire::Request& wanted, http::Responder responder,
                    repl::ReplicaId replica, Whole whole) {
  if (refuse_one_more(responder)) return;
  Export& about = add(std::string(wanted.request_id), std::move(responder));
  about.whole = std::move(whole);
  open(ask, wanted, replica, [self = self_.ref(), &about](Opened source) {
    if (!self) return;
    if (!source) return self->refuse(about, source.error());
    about.sources.push_back(std::move(*source));
    self->next_part(about);
  });
}

void Exports::stream(std::vector<Source> sources, const std::string& request_id,
                     http::Responder responder, Whole whole) {
  if (refuse_one_more(responder)) {
    for (const Source& source : sources) close(source, request_id);
    return;
  }
  Export& about = add(request_id, std::move(responder));
  about.sources = std::move(sources);
  about.whole = std::move(whole);
  next_part(about);
}

void Exports::next_part(Export& about) {
  if (about.asking) return;
  if (!about.stream.open() && !about.responder.waiting()) return close(about);
  about.asking = true;
  const Source& source = about.sources[about.source];
  wire::Json body;
  body.set("export", source.id);
  body.set("offset", about.offset);
  ask_part(source, about.request_id, body,
           [self = self_.ref(), &about](const wire::Response& response) {
             if (self) self->on_part(about, response);
           });
}

void Exports::on_part(Export& about, const wire::Response& response) {
  about.asking = false;
  if (response.status == kNotYet) return next_part(about);
  if (response.status == kAtTheEnd && about.offset > 0) {
    about.offset = 0;
    if (++about.source < about.sources.size()) return next_part(about);
    about.stream.end();
    if (about.whole) about.whole(about.index, about.bytes);
    return close(about);
  }
  if (response.status != 200) return refuse(about, refusal_of(response));
  if (about.bytes == 0) begin_stream(about, response.index);
  about.offset += response.body.size();
  about.bytes += response.body.size();
  // The client may have gone, or asked for the head alone.
  if (!about.stream.write(response.body)) close(about);
}

void Exports::begin_stream(Export& about, uint64_t index) {
  about.index = index;
  const std::string text = std::to_string(index);
  about.stream = about.sources.size() > 1
                     ? about.responder.whole_stream(kContentType, {kNotKept})
                     : about.responder.whole_stream(kContentType, {kNotKept, {"X-Db-Index", text}});
  about.stream.on_taken([this, &about] { next_part(about); });
  about.stream.on_closed([this, &about] {
    if (!about.asking) close(about);
  });
}

// There is no way to tell why in the middle of a stream: the log has it.
void Exports::refuse(Export& about, const Refusal& refusal) {
  if (about.bytes > 0) {
    log::warning("an export broke off", {{"error", refusal.why},
                                         {"bytes", about.bytes},
                                         {"replica", about.sources[about.source].replica},
                                         {"request_id", about.request_id}});
    about.stream.break_off();
  } else {
    about.responder.error(refusal.status, refusal.why);
  }
  close(about);
}

// The replica need not wait until it finds out by itself.
void Exports::close(const Source& source, const std::string& request_id) {
  wire::Json body;
  body.set("export", source.id);
  body.set("close", true);
  ask_part(source, request_id, body, [](const wire::Response&) {});
}

void Exports::close(Export& about) {
  for (const Source& source : about.sources) close(source, about.request_id);
  std::erase_if(exports_, [&](const auto& each) { return each.get() == &about; });
}

}  // namespace tandem::group
