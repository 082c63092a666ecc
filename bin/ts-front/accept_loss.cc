#include "accept_loss.h"

#include <cstdint>
#include <utility>

#include "base/log.h"
#include "http/strict.h"
#include "wire/json.h"

namespace tandem::front {
namespace {

tl::unexpected<Error> no_ids() {
  return fail(ErrorKind::kBadInput, "'ids' is to be an array of ids, not empty");
}

}  // namespace

Result<Loss> parse_loss(std::string_view body) {
  const auto json = wire::parse_request_json(body);
  if (!json) return fail(json.error());
  const wire::Json* group = json->find("group");
  if (group == nullptr || group->as_string() == nullptr) {
    return fail(ErrorKind::kBadInput, "'group' is to be the name of a group");
  }
  const wire::Json* ids = json->find("ids");
  if (ids == nullptr || ids->as_array() == nullptr || ids->as_array()->empty()) return no_ids();
  const wire::Json* force = json->find("force");
  if (force != nullptr && force->as_bool() == nullptr) {
    return fail(ErrorKind::kBadInput, "'force' is to be true or false");
  }
  Loss loss{*group->as_string(), {}, force != nullptr && *force->as_bool()};
  for (const wire::Json& element : *ids->as_array()) {
    const int64_t* id = element.as_int();
    if (id == nullptr || *id <= 0 || *id > UINT32_MAX) return no_ids();
    loss.ids.insert(static_cast<repl::ReplicaId>(*id));
  }
  return loss;
}

void accept_loss(LosingGroups& groups, const http::Request& request, http::Responder responder) {
  const auto loss = parse_loss(request.body);
  if (!loss) return responder.error(loss.error());
  std::string what = "giving up replicas of " + loss->group;
  for (const repl::ReplicaId id : loss->ids) what += " " + std::to_string(id);
  if (loss->force) what += " by force";
  const std::string id(request.request_id);
  const std::string peer = http::asker_of(request);
  log::info(what + " is asked for", {{"request_id", id}, {"peer", peer}});
  groups.accept_loss(*loss, [responder = std::move(responder), what, id,
                             peer](const Result<repl::ReplicaId>& leader) mutable {
    log::info(what + (leader ? " is done" : ": " + leader.error().message),
              {{"request_id", id}, {"peer", peer}});
    if (!leader) return responder.error(leader.error());
    responder.json(200, "{\"data\":{\"leader\":" + std::to_string(*leader) + "}}");
  });
}

void add_accept_loss(http::Router& router, LosingGroups& groups) {
  router.add(http::Method::kPost, "/replicas/accept-loss",
             http::strictly({"group ids force"},
                            [&groups](const http::Request& request, http::Responder responder) {
                              accept_loss(groups, request, std::move(responder));
                            }));
}

}  // namespace tandem::front
