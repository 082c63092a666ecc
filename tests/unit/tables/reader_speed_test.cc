// How fast a Reader is: figures, no tests. Run by hand:
//   tables_test --gtest_also_run_disabled_tests --gtest_filter='ReaderSpeedOnServer.*'
#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>

#include "tables/reader_fixture.h"

namespace tandem::tables {
namespace {

class ReaderSpeedOnServer : public ReaderTest {
 protected:
  static constexpr int kUsers = 100'000;

  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  static double cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

  // Reads of `make()`, so many of them at a time.
  void measure(const std::string& what, size_t count, size_t outstanding,
               const std::function<std::string()>& make) {
    size_t asked = 0;
    size_t answered = 0;
    UniqueFunction<void()> next = [&] {
      ++asked;
      reader_->read(make(), index_, deadline(60'000),
                    [&](const Result<std::string>& answer, uint64_t) {
                      EXPECT_TRUE(answer) << answer.error().message;
                      ++answered;
                      if (asked < count) next();
                    });
    };
    const double began = now();
    const double cpu_began = cpu();
    for (size_t i = 0; i < outstanding; ++i) next();
    while (answered < count) loop_.run_once();
    std::printf("%-28s %3zu outstanding %9.0f/s  %6.2f us of CPU here each\n", what.c_str(),
                outstanding, static_cast<double>(count) / (now() - began),
                (cpu() - cpu_began) * 1e6 / static_cast<double>(count));
    std::fflush(stdout);
  }
};

TEST_F(ReaderSpeedOnServer, DISABLED_ReadsOfUsersAndRides) {
  begin(db::kRidesSchema);
  for (int i = 0; i < kUsers; ++i) {
    const std::string name = "user-" + std::to_string(i);
    must_apply(R"({"ops":[{"table":"users","op":"insert","row":{"username":")" + name +
               R"(","password":"0123456789abcdef"}},{"table":"rides","op":"insert","row":)"
               R"({"created_by":")" +
               name + R"(","timestamp":)" + std::to_string(i) + R"(,"source":)" +
               std::to_string(i % 200) + R"(,"destination":)" + std::to_string(i / 200 % 200) +
               "}}]}");
  }
  make_database("speed");
  copy_tables();
  must(*connection_, {"VACUUM ANALYZE"});
  start_reader();
  std::mt19937 random(1);
  const auto any = [&](int n) { return std::to_string(random() % static_cast<unsigned>(n)); };
  for (const size_t outstanding : {1U, 16U, 64U, 256U}) {
    const size_t count = outstanding == 1 ? 10'000 : 100'000;
    measure("a user by the key", count, outstanding, [&] {
      return R"({"table":"users","where":{"username":"user-)" + any(kUsers) + "\"}}";
    });
    measure("rides by an index, in order", count / 2, outstanding, [&] {
      return R"({"table":"rides","where":{"source":)" + any(200) + R"(,"destination":)" + any(200) +
             R"(,"timestamp":{"gt":5}},"order":["timestamp"],"limit":50})";
    });
    measure("three reads of one state", count / 4, outstanding, [&] {
      const std::string id = any(kUsers);
      return R"({"reads":[{"table":"rides","where":{"rideId":)" + id +
             R"(}},{"table":"riders","where":{"rideId":)" + id +
             R"(}},{"table":"users","count":true}]})";
    });
  }
}

}  // namespace
}  // namespace tandem::tables
