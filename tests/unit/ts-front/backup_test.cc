// What a front asks of both groups for a backup, and in which order; the test answers.
#include "ts-front/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>

#include "support/recorded_exchange.h"
#include "wire/error_body.h"

namespace tandem::front {
namespace {

using testing::HasSubstr;

class BackupTest : public testing::Test {
 protected:
  struct Asked {
    std::string group;
    wire::Method method;
    std::string key;
    std::string body;
    uint64_t min_index;
    group::Gateway::Done done;
  };

  BackupTest() : backup_(ask("orders"), ask("catalog"), [this] { return ++random_; }) {}

  group::Exports::Ask ask(const std::string& group) {
    return [this, group](const wire::Request& request, group::Gateway::Done done, repl::ReplicaId) {
      asked_.push_back({group, request.method, std::string(request.key), std::string(request.body),
                        request.min_index, std::move(done)});
    };
  }
  void get(support::RecordedExchange& exchange) {
    http::Request request;
    request.method = http::Method::kGet;
    backup_.get(request, http::Responder(exchange));
  }
  // Takes the oldest question, which has to be that.
  Asked next(const std::string& group, wire::Method method) {
    if (asked_.empty()) {
      ADD_FAILURE() << "nothing is asked";
      return {};
    }
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    EXPECT_EQ(asked.group, group);
    EXPECT_EQ(asked.method, method);
    return asked;
  }
  static void answer(Asked asked, uint16_t status, const std::string& body, uint64_t index = 7) {
    asked.done(wire::Response{status, index, body});
  }
  void give_hold() { answer(next("orders", wire::Method::kOrderHold), 200, "{}", 12); }
  void open(const std::string& group, const std::string& id) {
    answer(next(group, wire::Method::kBackup), 200,
           "{\"export\":\"" + id + R"(","replica":3,"index":12})");
  }
  void give_release(bool stood) {
    answer(next("orders", wire::Method::kOrderRelease), 200,
           stood ? R"({"stood":true})" : R"({"stood":false})");
  }

  uint64_t random_ = 0;
  std::deque<Asked> asked_;
  support::RecordedExchange exchange_;
  Backup backup_;
};

TEST_F(BackupTest, PurchasesAreHeldUntilBothPicturesAreTaken) {
  get(exchange_);
  Asked held = next("orders", wire::Method::kOrderHold);
  EXPECT_EQ(held.key, "backup-0000000000000001");
  answer(std::move(held), 200, "{}", 12);
  EXPECT_EQ(asked_.front().min_index, 12U);
  open("orders", "o");
  open("catalog", "c");
  EXPECT_EQ(asked_.front().body, R"({"hold":"backup-0000000000000001"})");
  give_release(true);
  answer(next("orders", wire::Method::kExportPart), 200, "orders\n");
  exchange_.take();
  answer(next("orders", wire::Method::kExportPart), 204, "");
  answer(next("catalog", wire::Method::kExportPart), 200, "catalog\n");
  exchange_.take();
  answer(next("catalog", wire::Method::kExportPart), 204, "");
  EXPECT_EQ(exchange_.body, "orders\ncatalog\n");
  EXPECT_TRUE(exchange_.stream_ended);
}

TEST_F(BackupTest, AHoldThatDidNotStandIsTriedAnew) {
  get(exchange_);
  give_hold();
  open("orders", "o");
  open("catalog", "c");
  give_release(false);
  EXPECT_EQ(next("orders", wire::Method::kExportPart).body, R"({"export":"o","close":true})");
  EXPECT_EQ(next("catalog", wire::Method::kExportPart).body, R"({"export":"c","close":true})");
  next("orders", wire::Method::kOrderRelease);
  EXPECT_EQ(asked_.front().key, "backup-0000000000000002");
  give_hold();
  open("orders", "o2");
  open("catalog", "c2");
  give_release(true);
  EXPECT_EQ(next("orders", wire::Method::kExportPart).body, R"({"export":"o2","offset":0})");
}

TEST_F(BackupTest, AfterSomeTriesTheClientIsTold) {
  get(exchange_);
  while (exchange_.status == 0) {
    give_hold();
    open("orders", "o");
    open("catalog", "c");
    give_release(false);
    next("orders", wire::Method::kExportPart);
    next("catalog", wire::Method::kExportPart);
    next("orders", wire::Method::kOrderRelease);
  }
  EXPECT_EQ(exchange_.status, 503);
  EXPECT_THAT(exchange_.body, HasSubstr("could not be held"));
  EXPECT_EQ(random_, 5U);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(BackupTest, PurchasesGoOnWhereAGroupDoesNotAnswer) {
  get(exchange_);
  give_hold();
  open("orders", "o");
  answer(next("catalog", wire::Method::kBackup), 503, wire::error_body(503, "nobody is there"));
  EXPECT_EQ(next("orders", wire::Method::kExportPart).body, R"({"export":"o","close":true})");
  next("orders", wire::Method::kOrderRelease);
  EXPECT_EQ(exchange_.status, 503);
  EXPECT_THAT(exchange_.body, HasSubstr("nobody is there"));
  // The next one is taken.
  support::RecordedExchange second;
  get(second);
  next("orders", wire::Method::kOrderHold);
}

TEST_F(BackupTest, OneIsBegunAtATime) {
  get(exchange_);
  support::RecordedExchange second;
  get(second);
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(BackupTest, TheHeadAloneHoldsNothing) {
  http::Request request;
  request.method = http::Method::kHead;
  backup_.get(request, http::Responder(exchange_));
  EXPECT_TRUE(exchange_.stream_ended);
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace tandem::front
