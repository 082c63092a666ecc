#include "repl/index_finder.h"

#include <algorithm>
#include <utility>

namespace tandem::repl {
namespace {

// A question or its answer may be lost.
constexpr int64_t kAskAgainNs = 50'000'000;

}  // namespace

void IndexFinder::add(const FindIndex& read) { waiting_.push_back(Waiting{read, context_.now, 0}); }

void IndexFinder::asked(const Message& question) {
  // A replica asks again where no answer came: the first one waits on, or none would ever have
  // waited for as long as an answer takes; the last one stands for all between.
  const auto same = [&](const Question& q) {
    return q.from == question.from && q.session == question.session;
  };
  const auto first = std::find_if(questions_.begin(), questions_.end(), same);
  if (first != questions_.end()) {
    questions_.erase(std::remove_if(std::next(first), questions_.end(), same), questions_.end());
  }
  questions_.push_back(Question{question.from, question.session, question.question, context_.now});
}

void IndexFinder::tell(const Question& question, Index index) {
  Message answer = context_.make(MessageType::kReadIndexIs, question.from, question.session);
  answer.question = question.number;
  answer.match = index;
  context_.send(std::move(answer), 0);  // the epoch is open, thus its promise durable
}

void IndexFinder::answer_all(Index index) {
  for (const Waiting& waiting : waiting_) {
    context_.out->indexes_found.push_back(IndexFound{waiting.read.token, index});
  }
  for (const Question& question : questions_) tell(question, index);
  waiting_.clear();
  questions_.clear();
  asked_at_ns_ = 0;
}

void IndexFinder::answer_before(int64_t asked_ns, Index index) {
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    if (waiting.since_ns > asked_ns) return false;
    context_.out->indexes_found.push_back(IndexFound{waiting.read.token, index});
    return true;
  });
  std::erase_if(questions_, [&](const Question& question) {
    if (question.since_ns > asked_ns) return false;
    tell(question, index);
    return true;
  });
  asked_at_ns_ = 0;
}

void IndexFinder::answered(const Message& answer) {
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    if (waiting.question == 0 || waiting.question > answer.question) return false;
    context_.out->indexes_found.push_back(IndexFound{waiting.read.token, answer.match});
    return true;
  });
  if (answer.question == last_question_) asked_at_ns_ = 0;
}

void IndexFinder::ask_leader(ReplicaId leader, uint64_t leader_session, Ticket after) {
  if (waiting_.empty() || leader == 0 || leader_session == 0) return;
  if (asked_at_ns_ != 0 && context_.now - asked_at_ns_ < kAskAgainNs) return;
  ++last_question_;
  for (Waiting& waiting : waiting_) {
    if (waiting.question == 0) waiting.question = last_question_;
  }
  asked_at_ns_ = context_.now;
  Message question = context_.make(MessageType::kReadIndex, leader, leader_session);
  question.question = last_question_;
  context_.send(std::move(question), after);
}

void IndexFinder::ask_record() {
  if (empty() || (asked_at_ns_ != 0 && context_.now - asked_at_ns_ < kAskAgainNs)) return;
  asked_at_ns_ = context_.now;
  context_.out->read_record = true;
}

void IndexFinder::start_over() {
  questions_.clear();
  for (Waiting& waiting : waiting_) waiting.question = 0;
  asked_at_ns_ = 0;
}

void IndexFinder::expire() {
  std::erase_if(waiting_, [this](const Waiting& w) { return w.read.deadline_ns <= context_.now; });
}

}  // namespace tandem::repl
