#include "replica/exports.h"

#include <utility>

#include "base/ids.h"
#include "replica/backup_form.h"
#include "replica/endpoint.h"
#include "wire/error_body.h"
#include "wire/json.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kLookMs = 100;
constexpr uint64_t kPatienceMs = 400;    // of a question about what is not spooled yet
constexpr uint64_t kForgetMs = 120'000;  // a slow client takes a part in less
constexpr uint64_t kBeginMs = 10'000;    // before the first part is asked for: nobody may know it

constexpr uint16_t kNotYet = 202;
constexpr uint16_t kAtTheEnd = 204;
constexpr uint16_t kFailed = 410;

}  // namespace

Exports::Exports(loop::Loop& loop, Host& replica)
    : loop_(loop),
      replica_(replica),
      looks_(loop, [this] { look(); }),
      background_(loop),
      self_(*this) {
  looks_.unref();
}

Exports::~Exports() {
  for (auto& [id, about] : exports_) about.spool->drop();
}

void Exports::begin_backup(rpc::Reply reply, const wire::Request& request) {
  wire::Request newest = request;
  newest.consistency = wire::Consistency::kLinearizable;
  begin(std::move(reply), newest,
        [this](repl::Picture& picture) -> Result<std::unique_ptr<SpoolForm>> {
          auto header = replica_.header_of(picture);
          if (!header) return fail(std::move(header.error()));
          return std::make_unique<BackupForm>(std::move(*header), std::move(picture.checker));
        });
}

void Exports::begin(rpc::Reply reply, const wire::Request& request, MakeForm make_form) {
  if (exports_.size() >= kMaxExports) {
    return answer_error(reply, {ErrorKind::kBusy, "too many exports are under way"});
  }
  const std::string id = hex_id(random_id());
  Export& about = exports_[id];
  about.spool = std::make_shared<Spool>(replica_.directory());
  about.make_form = std::move(make_form);
  about.asked_ms = loop_.now_ms();
  looks_.start(kLookMs, kLookMs);
  replica_.driver().when_readable(
      request.consistency, request.min_index, request.budget_ms,
      [self = self_.ref(), id, reply = std::move(reply)](const Status& readable) mutable {
        if (!self) return;
        if (!readable) {
          self->forget(id);
          return answer_error(reply, readable.error());
        }
        self->start(id);
        wire::Json told;
        told.set("export", id);
        told.set("replica", static_cast<int64_t>(self->replica_.id()));
        const auto begun = self->exports_.find(id);
        if (begun != self->exports_.end() && begun->second.index != 0) {
          told.set("index", begun->second.index);
        }
        answer(reply, 200, self->replica_.driver().applied_index(), told.dump());
      });
}

void Exports::start(const std::string& id) {
  replica_.driver().picture([self = self_.ref(), id](Result<repl::Picture> picture) {
    if (self) self->spool(id, std::move(picture));
  });
}

void Exports::spool(const std::string& id, Result<repl::Picture> picture) {
  const auto found = exports_.find(id);
  if (found == exports_.end()) return;  // it was forgotten meanwhile
  if (!picture) return spooled(id, fail(std::move(picture.error())));
  auto form = found->second.make_form(*picture);
  if (!form) return spooled(id, fail(std::move(form.error())));
  found->second.index = picture->index;
  struct Job {
    std::shared_ptr<Spool> spool;
    repl::Picture picture;
    std::unique_ptr<SpoolForm> form;
    Status status;
  };
  auto job =
      std::make_shared<Job>(Job{found->second.spool, std::move(*picture), std::move(*form), {}});
  background_.run(
      [this, job] {
        job->status = job->spool->write(std::move(job->picture), *job->form,
                                        [this] { return background_.stopping(); });
      },
      [this, job, id] { spooled(id, std::move(job->status)); });
}

void Exports::spooled(const std::string& id, Status status) {
  const auto found = exports_.find(id);
  if (found == exports_.end()) return;
  Export& about = found->second;
  about.spooled = true;
  about.status = std::move(status);
  for (Question& question : std::exchange(about.waiting, {})) {
    answer_part(about, std::move(question));
  }
}

void Exports::part(rpc::Reply reply, const wire::Request& request) {
  const auto json = wire::parse_json(request.body);
  const wire::Json* id = json ? json->find("export") : nullptr;
  if (id == nullptr || id->as_string() == nullptr) {
    return answer_error(reply, {ErrorKind::kBadInput, "a part of which export?"});
  }
  const auto found = exports_.find(*id->as_string());
  if (json->find("close") != nullptr) {
    if (found != exports_.end()) forget(found->first);
    return answer(reply, kAtTheEnd, 0, {});
  }
  if (found == exports_.end()) {
    return answer_error(reply, {ErrorKind::kNotFound, "the export is not known any more"});
  }
  const wire::Json* offset = json->find("offset");
  if (offset == nullptr || offset->as_int() == nullptr || *offset->as_int() < 0) {
    return answer_error(reply, {ErrorKind::kBadInput, "'offset' is to be a number of bytes"});
  }
  Export& about = found->second;
  about.asked_ms = loop_.now_ms();
  about.wanted = true;
  Question question{std::move(reply), static_cast<uint64_t>(*offset->as_int()), loop_.now_ms()};
  if (!about.spooled) {
    about.waiting.push_back(std::move(question));
  } else {
    answer_part(about, std::move(question));
  }
}

void Exports::answer_part(Export& about, Question question) {
  if (!about.status) {
    return answer(question.reply, kFailed, 0, wire::error_body(503, about.status.error().message));
  }
  // The file may have left the cache: the loop does not wait for the disk.
  const auto bytes = std::make_shared<Result<std::string>>();
  loop::run_work(
      loop_,
      [bytes, spool = about.spool, offset = question.offset] {
        *bytes = spool->read(offset, kPartBytes);
      },
      [bytes, index = about.index, reply = std::move(question.reply)]() mutable {
        if (!*bytes)
          return answer(reply, kFailed, 0, wire::error_body(503, bytes->error().message));
        if ((*bytes)->empty()) return answer(reply, kAtTheEnd, index, {});
        answer_large(reply, 200, index, std::move(**bytes));
      });
}

void Exports::look() {
  const uint64_t now_ms = loop_.now_ms();
  std::vector<std::string> left;
  for (auto& [id, about] : exports_) {
    std::erase_if(about.waiting, [&](Question& question) {
      if (now_ms - question.since_ms < kPatienceMs) return false;
      answer(question.reply, kNotYet, 0, {});
      return true;
    });
    const uint64_t patience_ms = about.wanted ? kForgetMs : kBeginMs;
    if (about.waiting.empty() && now_ms - about.asked_ms >= patience_ms) left.push_back(id);
  }
  for (const std::string& id : left) forget(id);
}

void Exports::forget(const std::string& id) {
  const auto found = exports_.find(id);
  if (found == exports_.end()) return;
  found->second.spool->drop();
  exports_.erase(found);
  if (exports_.empty()) looks_.stop();
}

}  // namespace tandem::replica
