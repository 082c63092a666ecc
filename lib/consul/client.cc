#include "consul/client.h"

#include <algorithm>
#include <utility>

#include "base/number.h"
#include "consul/planted.h"
#include "wire/base64.h"
#include "wire/json.h"

namespace tandem::consul {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kToldAfterNs = kNsPerSecond;        // what passes sooner is no trouble
constexpr int64_t kRefusedForNs = 60 * kNsPerSecond;  // what is not refused again since
constexpr int kOk = 200;
constexpr int kBadRequest = 400;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kTooLarge = 413;
constexpr size_t kQuotedBytes = 200;  // of an answer in an error

const std::string kNode = R"({"Node":"tandem","Address":"127.0.0.1"})";

std::string quoted(std::string_view body) {
  std::string line(body.substr(0, std::min(body.size(), kQuotedBytes)));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

bool lacks_session(const Answer& answer) {
  return answer.body.find("invalid session") != std::string::npos;
}
bool lacks_node(const Answer& answer) {
  return answer.body.find("Missing node registration") != std::string::npos;
}
// Its session_ttl_min is above ours, say.
bool refuses_ttl(const Answer& answer) {
  return answer.body.find("Invalid Session TTL") != std::string::npos;
}

// Of a session that was renewed.
bool is_endless(const Answer& answer) {
  const auto json = wire::parse_json(answer.body);
  const wire::Json::Array* sessions = json ? json->as_array() : nullptr;
  if (sessions == nullptr || sessions->empty()) return false;
  const wire::Json* ttl = sessions->front().find("TTL");
  return ttl != nullptr && ttl->as_string() != nullptr && ttl->as_string()->empty();
}

// Flags may have all of their 64 bits.
uint64_t number_of(const wire::Json& json, std::string_view key, bool& ok) {
  const wire::Json* member = json.find(key);
  const std::string* given = member == nullptr ? nullptr : member->as_given();
  const auto value = member == nullptr  ? std::nullopt
                     : given != nullptr ? parse_number<uint64_t>(*given)
                                        : parse_number<uint64_t>(member->dump());
  ok = ok && value.has_value();
  return value.value_or(0);
}

std::optional<Entry> parse_entry(const wire::Json& json) {
  bool ok = true;
  Entry entry;
  entry.flags = number_of(json, "Flags", ok);
  entry.modify_index = number_of(json, "ModifyIndex", ok);
  const wire::Json* key = json.find("Key");
  const wire::Json* value = json.find("Value");
  if (!ok || key == nullptr || key->as_string() == nullptr || value == nullptr) return std::nullopt;
  entry.key = *key->as_string();
  if (!value->is_null()) {  // that is how an empty one is told
    if (value->as_string() == nullptr) return std::nullopt;
    auto bytes = wire::decode_base64(*value->as_string());
    if (!bytes) return std::nullopt;
    entry.value = std::move(*bytes);
  }
  const wire::Json* session = json.find("Session");
  if (session != nullptr && session->as_string() != nullptr) entry.session = *session->as_string();
  return entry;
}

Result<Listing> parse_listing(const Answer& answer) {
  Listing listing;
  listing.index = answer.index;
  if (answer.status == kNotFound) return listing;
  const auto json = wire::parse_request_json(answer.body);
  const wire::Json::Array* array = json ? json->as_array() : nullptr;
  const auto cannot_read = [](const std::string& what) {
    return fail(ErrorKind::kUnavailable, "Consul's answer cannot be read: " + what);
  };
  if (array == nullptr) return cannot_read(json ? "it is no list" : json.error().message);
  for (const wire::Json& one : *array) {
    auto entry = parse_entry(one);
    if (!entry) return cannot_read("an entry of it is '" + quoted(one.dump()) + "'");
    listing.entries.push_back(std::move(*entry));
  }
  return listing;
}

// Another program may have the port, and answer everything.
bool is_consuls(const Answer& answer, Shape shape, std::string_view id) {
  const std::string_view body = answer.body;
  const bool ok = answer.status == kOk;
  switch (shape) {
    case Shape::kKeys:
    case Shape::kList:
      return answer.index != 0 && (!ok || body.starts_with('['));
    case Shape::kYesNo:
      return ok && (quoted(body) == "true" || quoted(body) == "false");
    case Shape::kNewSession:
      return ok && body.find("\"ID\"") != std::string_view::npos;
    case Shape::kSession:
      return body.find(id) != std::string_view::npos && (!ok || body.starts_with('['));
  }
  return false;
}

}  // namespace

const Entry* Listing::find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const Entry& entry) { return entry.key == key; });
  return it == entries.end() ? nullptr : &*it;
}

Client::Client(Transport& transport, Time time)
    : transport_(transport), time_(time), self_(*this) {}

// --- answers ---

uint64_t Client::send(Call call, Right right, Wanted wanted, Use use) {
  const bool changes = call.method != "GET";
  return transport_.send(std::move(call),
                         [self = self_.ref(), changes, right, wanted = std::move(wanted),
                          use = std::move(use)](Result<Answer> answer) mutable {
                           if (self) use(self->judge(std::move(answer), changes, right, wanted));
                         });
}

// What is left are answers of 200 and 404 that have the shape that is wanted.
Result<Answer> Client::judge(Result<Answer> answer, bool changes, Right right,
                             const Wanted& wanted) {
  if (!answer) {
    note(&answer.error());
    return answer;
  }
  const std::string said =
      "Consul answers " + std::to_string(answer->status) + ": " + quoted(answer->body);
  switch (answer->status) {
    case kOk:
    case kNotFound:
      if (!is_consuls(*answer, wanted.shape, wanted.id)) break;
      if (wanted.shape != Shape::kList) refused_.erase(right);
      note(nullptr);
      return answer;
    case kForbidden:
      return fail(refused(right, said, true));
    case kBadRequest:
    case kTooLarge:
      return fail(refused(right, said, false));
    default:
      break;
  }
  if (lacks_session(*answer) || lacks_node(*answer)) {
    note(nullptr);
    return fail(ErrorKind::kNotFound, said);
  }
  if (refuses_ttl(*answer)) return fail(refused(right, said, false));
  transport_.try_another();
  const bool strange = answer->status == kOk || answer->status == kNotFound;
  const Error error{changes ? ErrorKind::kUnknown : ErrorKind::kUnavailable,
                    strange ? "not an answer of Consul's: " + std::to_string(answer->status) +
                                  " '" + quoted(answer->body) + "'"
                            : said};
  note(&error);
  return fail(error);
}

// Nothing was done, and it is no mistake of this process: what Consul is told to take may be changed
// while this waits.
Error Client::refused(Right right, const std::string& said, bool forbidden) {
  refused_[right] = {said, forbidden, time_.clock.boot_ns()};
  note(nullptr);
  return {forbidden ? ErrorKind::kPermission : ErrorKind::kUnavailable, said};
}

Result<bool> Client::yes_or_no(const Result<Answer>& answer) {
  if (!answer) return fail(answer.error());
  return quoted(answer->body) == "true";
}

// --- keys ---

void Client::get(const std::string& key, UniqueFunction<void(Result<std::optional<Entry>>)> done) {
  send({.target = "/v1/kv/" + key + (planted(Bug::kReadAnywhere) ? "" : "?consistent")},
       Right::kReadKeys, {Shape::kKeys},
       [done = std::move(done)](const Result<Answer>& answer) mutable {
         if (!answer) return done(fail(answer.error()));
         Result<Listing> listing = parse_listing(*answer);
         if (!listing) return done(fail(listing.error()));
         if (listing->entries.empty()) return done(std::optional<Entry>());
         done(std::optional(std::move(listing->entries.front())));
       });
}

uint64_t Client::list(const std::string& prefix, uint64_t index, int64_t wait_ms,
                      UniqueFunction<void(Result<Listing>)> done) {
  Call call{.target = "/v1/kv/" + prefix +
                      (planted(Bug::kReadAnywhere) ? "?recurse" : "?recurse&consistent")};
  if (index != 0) {
    call.target += "&index=" + std::to_string(index) + "&wait=" + std::to_string(wait_ms) + "ms";
    // Consul adds up to a sixteenth to the wait.
    call.timeout_ms = wait_ms + wait_ms / 16 + 2000;
  }
  // An answer without an index has another shape: a query with that would be answered at once,
  // again and again.
  return send(std::move(call), Right::kReadKeys, {Shape::kList},
              [this, prefix, done = std::move(done)](const Result<Answer>& answer) mutable {
                if (!answer) return done(fail(answer.error()));
                Result<Listing> listing = parse_listing(*answer);
                if (!listing) return done(std::move(listing));
                if (listing->entries.empty()) {
                  return check_readable(prefix, std::move(*listing), std::move(done));
                }
                refused_.erase(Right::kReadKeys);
                done(std::move(listing));
              });
}

// Of a single key that may not be read it says so, whether or not that is there.
void Client::check_readable(const std::string& prefix, Listing listing,
                            UniqueFunction<void(Result<Listing>)> done) {
  get(prefix + "record", [listing = std::move(listing), done = std::move(done)](
                             const Result<std::optional<Entry>>& entry) mutable {
    if (!entry) return done(fail(entry.error()));
    done(std::move(listing));
  });
}

void Client::put(const std::string& key, const std::string& value, const Put& how,
                 UniqueFunction<void(Result<bool>)> done) {
  Call call{.method = "PUT", .target = "/v1/kv/" + key + "?flags=" + std::to_string(how.flags)};
  if (how.cas) call.target += "&cas=" + std::to_string(*how.cas);
  if (!how.acquire.empty()) call.target += "&acquire=" + how.acquire;
  if (!how.release.empty()) call.target += "&release=" + how.release;
  call.body = value;
  call.timeout_ms = how.timeout_ms;
  call.may_repeat = how.may_repeat;
  send(std::move(call), Right::kWriteKeys, {Shape::kYesNo},
       [done = std::move(done)](const Result<Answer>& answer) mutable { done(yes_or_no(answer)); });
}

void Client::remove(const std::string& key, uint64_t cas, UniqueFunction<void(Result<bool>)> done) {
  send({.method = "DELETE", .target = "/v1/kv/" + key + "?cas=" + std::to_string(cas)},
       Right::kWriteKeys, {Shape::kYesNo},
       [done = std::move(done)](const Result<Answer>& answer) mutable { done(yes_or_no(answer)); });
}

// --- sessions ---

void Client::create_session(std::string_view name, UniqueFunction<void(Result<std::string>)> done) {
  create_session(std::string(name), true, std::move(done));
}

void Client::create_session(const std::string& name, bool may_register,
                            UniqueFunction<void(Result<std::string>)> done) {
  wire::Json session;
  session.set("Name", name).set("Node", "tandem").set("NodeChecks", wire::Json::Array());
  session.set("TTL", std::to_string(kTtlNs / kNsPerSecond) + "s");
  session.set("LockDelay", "0s").set("Behavior", "release");
  send({.method = "PUT",
        .target = "/v1/session/create",
        .body = session.dump(),
        .may_repeat = false},
       Right::kSessions, {Shape::kNewSession},
       [this, name, may_register, done = std::move(done)](const Result<Answer>& answer) mutable {
         if (!answer && answer.error().kind == ErrorKind::kNotFound && may_register) {
           register_node([this, name, done = std::move(done)](const Status& registered) mutable {
             if (!registered) return done(fail(registered.error()));
             create_session(name, false, std::move(done));
           });
           return;
         }
         if (!answer) return done(fail(answer.error()));
         const auto json = wire::parse_json(answer->body);
         const wire::Json* id = json ? json->find("ID") : nullptr;
         if (id == nullptr || id->as_string() == nullptr) {
           return done(fail(ErrorKind::kUnknown,
                            "not an answer of Consul's: '" + quoted(answer->body) + "'"));
         }
         done(*id->as_string());
       });
}

void Client::register_node(UniqueFunction<void(Status)> done) {
  send({.method = "PUT", .target = "/v1/catalog/register", .body = kNode}, Right::kSessions,
       {Shape::kYesNo}, [done = std::move(done)](const Result<Answer>& answer) mutable {
         const Result<bool> registered = yes_or_no(answer);
         done(registered ? Status() : fail(registered.error()));
       });
}

void Client::renew_session(const std::string& id, UniqueFunction<void(Result<Renewal>)> done) {
  send({.method = "PUT", .target = "/v1/session/renew/" + id}, Right::kSessions,
       {Shape::kSession, id}, [done = std::move(done)](const Result<Answer>& answer) mutable {
         if (!answer) return done(fail(answer.error()));
         if (answer->status != kOk) return done(Renewal::kOver);
         done(is_endless(*answer) ? Renewal::kEndless : Renewal::kRenewed);
       });
}

void Client::destroy_session(const std::string& id, UniqueFunction<void(Status)> done) {
  send({.method = "PUT", .target = "/v1/session/destroy/" + id}, Right::kSessions, {Shape::kYesNo},
       [done = std::move(done)](const Result<Answer>& answer) mutable {
         done(answer ? Status() : fail(answer.error()));
       });
}

// --- what is wrong ---

void Client::note(const Error* error) {
  if (error == nullptr) {
    failure_.reset();
    return;
  }
  if (!failure_) failing_since_ns_ = time_.clock.boot_ns();
  failure_ = *error;
}

std::string Client::trouble() const {
  const std::string who = "Consul at " + transport_.agent();
  const int64_t now_ns = time_.clock.boot_ns();
  if (failure_ && now_ns - failing_since_ns_ >= kToldAfterNs) {
    const bool leaderless = failure_->message.find("No cluster leader") != std::string::npos;
    return who + (leaderless ? " has had no leader for " : " has not answered for ") +
           std::to_string((now_ns - failing_since_ns_) / kNsPerSecond) +
           " s: elections and changes of sets wait (" + failure_->message + ")";
  }
  for (const auto& [right, refusal] : refused_) {
    const std::string what = right == Right::kReadKeys    ? "read keys"
                             : right == Right::kWriteKeys ? "write keys"
                                                          : "make sessions of the node 'tandem'";
    if (refusal.forbidden) {
      const bool unknown = refusal.said.find("ACL not found") != std::string::npos;
      return who + " does not let this process " + what + ": " +
             (unknown ? "it does not know the token of coord.token_file"
                      : "its token needs the policy of tandem-coord(7)") +
             " (" + refusal.said + ")";
    }
    // It may have been of a single key, or value, that nobody asks for any more.
    if (now_ns - refusal.at_ns < kRefusedForNs) {
      return who + " refuses to " + what + ": see the limits in tandem-coord(7) (" + refusal.said +
             ")";
    }
  }
  return {};
}

}  // namespace tandem::consul
