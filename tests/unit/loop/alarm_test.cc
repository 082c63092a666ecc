#include "loop/alarm.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace tandem::loop {
namespace {

constexpr uint64_t kFarMs = 3'600'000;

// Its owner runs the loop until it has rung.
struct Bell {
  void ring_soon() { alarm.ring_by_ms(loop.now_ms() + 1); }
  void wait(int times) {
    while (rung < times) loop.run_once();
  }

  Loop loop;
  int rung = 0;
  Alarm alarm{loop, [this] { ++rung; }};
};

TEST(AlarmTest, RingsOnceByTheEarliestOfTheTimes) {
  Bell bell;
  bell.alarm.ring_by_ms(bell.loop.now_ms() + kFarMs);
  bell.ring_soon();
  bell.alarm.ring_by_ms(bell.loop.now_ms() + 2 * kFarMs);
  bell.wait(1);
  bell.loop.run();  // nothing is left to wait for
  EXPECT_EQ(bell.rung, 1);
}

TEST(AlarmTest, ATimeThatHasPassedRingsFromTheLoop) {
  Bell bell;
  bell.alarm.ring_by_ms(0);
  EXPECT_EQ(bell.rung, 0);
  bell.wait(1);
}

TEST(AlarmTest, TheCallbackAsksForTheNextTime) {
  Loop loop;
  int rung = 0;
  Alarm* self = nullptr;
  Alarm alarm(loop, [&] {
    if (++rung < 3) self->ring_by_ms(loop.now_ms());
  });
  self = &alarm;
  alarm.ring_by_ms(loop.now_ms());
  loop.run();
  EXPECT_EQ(rung, 3);
}

TEST(AlarmTest, AfterAStopALaterTimeIsSet) {
  Bell bell;
  bell.alarm.ring_by_ms(0);
  bell.alarm.stop();
  bell.loop.run();
  EXPECT_EQ(bell.rung, 0);
  bell.ring_soon();
  bell.wait(1);
}

TEST(AlarmTest, RingsByATimeOfTheBootClock) {
  Bell bell;
  bell.alarm.ring_by_ns(system_clock().boot_ns() + 1);
  EXPECT_EQ(bell.rung, 0);
  bell.wait(1);
}

}  // namespace
}  // namespace tandem::loop
