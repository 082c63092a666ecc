// What a read is answered whose state may be old, on the loop of a real replica.
#include "rs-worker/requests.h"

#include <deque>
#include <string>

#include "replica/driver_fixture.h"
#include "replica/endpoint.h"
#include "rpc/client.h"

namespace tandem::worker {
namespace {

class NoBackend final : public Backend {
 public:
  std::string_view kind() const override { return "none"; }
  repl::Applier& applier() override { CHECK(false); }
  Queries& read_for(const repl::Driver&) override { CHECK(false); }
  Result<std::string> check_command(std::string_view text) const override {
    return std::string(text);
  }
  Result<std::string> check_change(std::string_view text) const override {
    return std::string(text);
  }
};

// Knows the table from the n-th question on.
class LateTable final : public Queries {
 public:
  void ask_for_queued_with(Queued) override {}
  void read(std::string_view query, rpc::Peer, int64_t, Done done) override {
    EXPECT_EQ(query, "which?");
    if (++asked < known_from) return done(fail(ErrorKind::kBadInput, "unknown table"), 0);
    done("[]", 1);
  }
  uint64_t large_reads() const override { return 0; }

  int asked = 0;
  int known_from = 1;
};

class RequestsTest : public replica::DriverTest {
 protected:
  RequestsTest()
      : orphan_watch_(loop_, 0, [] {}),
        replica_(start(1)),
        requests_(backend_, queries_, replica_.host(), orphan_watch_),
        endpoint_(loop_, url_, replica_.host(), requests_),
        client_(loop_, {.url = url_}) {
    endpoint_.start([](const Status& status) { EXPECT_TRUE(status); });
    EXPECT_TRUE(client_.start());
    until([&] { return client_.connected(); });
    make_leader(1, 0, 1);
  }

  int read(wire::Consistency consistency) {
    wire::Request request;
    request.method = wire::Method::kDbRead;
    request.consistency = consistency;
    request.budget_ms = 60'000;
    request.body = "which?";
    std::string bytes;
    wire::encode(request, bytes);
    int status = 0;
    client_.call(bytes, 60'000, [&status](Result<std::string_view> outcome) {
      wire::Response response;
      ASSERT_TRUE(outcome && wire::decode(*outcome, response));
      status = response.status;
    });
    until([&] { return status != 0; });
    return status;
  }

  const std::string url_ = "ipc://" + (root_ / "service.sock").string();
  NoBackend backend_;
  LateTable queries_;
  OrphanWatch orphan_watch_;
  replica::Node& replica_;
  Requests requests_;
  replica::Endpoint endpoint_;
  rpc::Client client_;
};

TEST_F(RequestsTest, AnOldStateTellsNobodyThatThereIsNoSuchTable) {
  for (const auto consistency : {wire::Consistency::kEventual, wire::Consistency::kSession}) {
    queries_.asked = 0;
    queries_.known_from = 2;
    EXPECT_EQ(read(consistency), 200);
    EXPECT_EQ(queries_.asked, 2);
  }
}

TEST_F(RequestsTest, TheNewestStateDoes) {
  queries_.known_from = 100;
  EXPECT_EQ(read(wire::Consistency::kLinearizable), 400);
  EXPECT_EQ(queries_.asked, 1);
  EXPECT_EQ(read(wire::Consistency::kEventual), 400);
  EXPECT_EQ(queries_.asked, 3);
}

}  // namespace
}  // namespace tandem::worker
