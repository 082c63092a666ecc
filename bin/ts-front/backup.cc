#include "backup.h"

#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "http/strict.h"
#include "wire/error_body.h"
#include "wire/json.h"

namespace tandem::front {
namespace {

constexpr int kMaxTries = 5;
constexpr int64_t kHoldMs = 2000;

std::string message_in(const wire::Response& response) {
  return wire::error_message_in(response.body).value_or("no replica answered");
}

}  // namespace

void Backup::get(const http::Request& request, http::Responder responder) {
  if (request.method == http::Method::kHead) {
    return group::Exports::head(std::move(responder));
  }
  if (exports_.refuse_one_more(responder)) return;
  if (run_ != nullptr) {
    return responder.error(503, "another backup is being begun: ask again later");
  }
  run_ = std::make_unique<Run>();
  run_->request_id = request.request_id;
  run_->responder = std::move(responder);
  hold();
}

void Backup::ask_leader(wire::Method method, const std::string& key, const std::string& body,
                        void (Backup::*then)(const wire::Response&)) {
  wire::Request request;
  request.method = method;
  request.request_id = run_->request_id;
  request.key = key;
  request.body = body;
  orders_(
      request,
      [self = self_.ref(), then, run = runs_](const wire::Response& response) {
        if (self && run == self->runs_) ((*self).*then)(response);
      },
      0);
}

void Backup::hold() {
  ++runs_;
  ++run_->tries;
  run_->hold = "backup-" + hex_id(random_());
  wire::Json body;
  body.set("ms", kHoldMs);
  ask_leader(wire::Method::kOrderHold, run_->hold, body.dump(), &Backup::held);
}

void Backup::held(const wire::Response& response) {
  if (response.status != 200) return refuse(503, message_in(response));
  open(orders_, &Run::orders, response.index);
}

void Backup::open(const group::Exports::Ask& ask, std::optional<Source> Run::*place,
                  uint64_t min_index) {
  wire::Request wanted;
  wanted.method = wire::Method::kBackup;
  wanted.request_id = run_->request_id;
  wanted.consistency = wire::Consistency::kLinearizable;
  wanted.min_index = min_index;
  group::Exports::open(ask, wanted, 0,
                       [self = self_.ref(), place, run = runs_](group::Exports::Opened source) {
                         if (self && run == self->runs_) self->opened(std::move(source), place);
                       });
}

void Backup::opened(group::Exports::Opened source, std::optional<Source> Run::*place) {
  if (!source) return refuse(source.error().status, source.error().why);
  std::optional<Source>& here = (*run_).*place;
  here = std::move(*source);
  if (here->index == 0) return again(503, "a replica did not read its state at once");
  run_->catalog ? release() : open(catalog_, &Run::catalog, 0);
}

void Backup::release() {
  wire::Json body;
  body.set("hold", run_->hold);
  ask_leader(wire::Method::kOrderRelease, {}, body.dump(), &Backup::released);
}

void Backup::released(const wire::Response& response) {
  const auto json = wire::parse_json(response.body);
  const wire::Json* stood = json ? json->find("stood") : nullptr;
  if (response.status != 200 || stood == nullptr || stood->as_bool() == nullptr) {
    return refuse(response.status == 200 ? 503 : response.status, message_in(response));
  }
  if (!*stood->as_bool()) {
    return again(503, "purchases could not be held for as long as it took to begin");
  }
  const auto run = std::move(run_);
  ++runs_;
  log::info("a backup is given", {{"orders_index", run->orders->index},
                                  {"catalog_index", run->catalog->index},
                                  {"tries", run->tries},
                                  {"request_id", run->request_id}});
  auto whole = [this, orders = run->orders->index, catalog = run->catalog->index,
                id = run->request_id](uint64_t, uint64_t bytes) {
    if (given_) given_(orders, catalog, bytes, id);
  };
  exports_.stream({std::move(*run->orders), std::move(*run->catalog)}, run->request_id,
                  std::move(run->responder), std::move(whole));
}

void Backup::close_sources() {
  for (std::optional<Source>* source : {&run_->orders, &run_->catalog}) {
    if (*source) group::Exports::close(**source, run_->request_id);
    source->reset();
  }
}

void Backup::again(int status, const std::string& why) {
  if (run_->tries >= kMaxTries) return refuse(status, why);
  close_sources();
  let_go();
  hold();
}

// Purchases go on: the hold would end by itself, but later.
void Backup::let_go() {
  wire::Json body;
  body.set("hold", run_->hold);
  ask_leader(wire::Method::kOrderRelease, {}, body.dump(), &Backup::ignored);
}

void Backup::refuse(int status, const std::string& why) {
  close_sources();
  let_go();
  run_->responder.error(status, why);
  run_.reset();
  ++runs_;
}

group::Exports::Ask asks(group::Group& group) {
  return
      [&group](const wire::Request& request, group::Gateway::Done done, repl::ReplicaId replica) {
        group.gateway().submit(request, std::move(done), replica);
      };
}

void add_backup(http::Router& router, Backup& backup) {
  router.add(http::Method::kGet, "/backup",
             http::strictly({}, [&backup](const http::Request& request, http::Responder responder) {
               backup.get(request, std::move(responder));
             }));
}

}  // namespace tandem::front
