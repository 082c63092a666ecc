// How long a mirror of a million orders takes, and holds the loop: figures, no tests. Run by hand:
//   mirror_test --gtest_also_run_disabled_tests --gtest_filter='MirrorSpeedOnServer.*'
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "fixture.h"

namespace tandem::mirror {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

class MirrorSpeedOnServer : public MirrorTest {
 protected:
  template <typename Done>
  void measure(const char* what, Done done) {
    // Not in its way: the loop is woken up by what comes.
    loop::Timer wakes(loop_, [] {});
    wakes.start(1, 1);
    const auto began = Clock::now();
    double longest = 0;
    while (!done()) {
      // Turns that wait for nothing show what is done in them.
      const auto turn = Clock::now();
      loop_.run_once();
      longest = std::max(longest, ms_since(turn));
    }
    std::printf("%-40s %8.0f ms, longest turn %.1f ms\n", what, ms_since(began), longest);
  }
};

TEST_F(MirrorSpeedOnServer, DISABLED_AMillionOrders) {
  make_database("mirror");
  OrdersReplica replica(loop_);
  while (replica.entries.size() < 2'000'000) {
    const uint64_t at = replica.entries.size() + 1;
    replica.log(toys::Orders::intent_command({"Tux", 3}));
    replica.log(toys::Orders::result_command({replica.epoch, at}, 200));
  }
  const auto done = [&] { return replica.is_mirrored(); };
  const auto applying = Clock::now();
  replica.begin(mirror_options());
  std::printf("%-40s %8.0f ms\n", "applied", ms_since(applying));
  measure("all of a million", done);
  buy(replica, 1);
  measure("one more", done);
  buy(replica, 40'000);
  measure("40 000 more", done);
  const auto killer = connected();
  number(*killer,
         "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'mirror' "
         "AND application_name = 'orders'");
  buy(replica, 1);
  measure("a new session", done);
  person("DELETE FROM orders WHERE number = 5");
  number(*killer,
         "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'mirror' "
         "AND application_name = 'orders'");
  buy(replica, 1);
  measure("made anew", done);
}

}  // namespace
}  // namespace tandem::mirror
