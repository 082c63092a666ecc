#include "events.h"

#include <gtest/gtest.h>

#include <string>

#include "support/recorded_exchange.h"

namespace tandem::orch {
namespace {

TEST(WorkerFields, NameNoProcessWhereThereIsNone) {
  EXPECT_EQ(worker_fields(7, 1234).dump(), R"({"worker":7,"pid":1234})");
  EXPECT_EQ(worker_fields(7, 0).dump(), R"({"worker":7})");
}

class EventsTest : public ::testing::Test {
 protected:
  // What a listener is sent that has this Last-Event-ID.
  std::string backlog(const std::string& last) {
    support::RecordedExchange exchange;
    http::Request request;
    request.headers = {{"Last-Event-ID", last}};
    events_.stream(request, http::Responder(exchange));
    EXPECT_EQ(exchange.status, 200);
    events_.close();
    return exchange.body;
  }

  loop::Loop loop_;
  Events events_{loop_};
};

// The id of the first event of a backlog.
std::string first_id(const std::string& backlog) {
  const size_t at = backlog.find("\nid: ") + 5;
  return backlog.substr(at, backlog.find('\n', at) - at);
}

TEST_F(EventsTest, GoOnBehindTheIdThatIsKnown) {
  events_.tell("spawn", "one");
  events_.tell("death", "two");
  const std::string all = backlog("0");
  const std::string first = first_id(all);
  EXPECT_NE(all.find("event: spawn"), std::string::npos);
  EXPECT_EQ(backlog(first).find("event: spawn"), std::string::npos);
  EXPECT_NE(backlog(first).find("event: death"), std::string::npos);
}

TEST_F(EventsTest, AnIdThatIsNoNumberIsNone) {
  events_.tell("spawn", "one");
  const std::string all = backlog("0");
  const std::string first = first_id(all);
  const std::string ids[] = {
      first + "x", first + " " + first,   first + ".0", "+" + first, "-1", "",
      "last",      "99999999999999999999"};
  for (const std::string& id : ids) {
    EXPECT_EQ(backlog(id), all) << id;
  }
}

}  // namespace
}  // namespace tandem::orch
