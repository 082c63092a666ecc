#include "coord/member_text.h"

#include <gtest/gtest.h>

namespace tandem::coord {
namespace {

Member member() {
  Member made;
  made.id = 1;
  made.storage_id = 0xfedcba9876543210;
  made.session = 78;
  made.address = "ipc:///tmp/x";
  made.pid = 4711;
  made.start_ticks = 123456;
  made.boot_id = "0c7f1bb5-9f0e-4b4c-a2a9-3c1f2f7d9d41";
  made.host = "here";
  made.lock_path = "/var/lib/x/lock";
  made.extra.set("role", "worker");
  return made;
}

TEST(MemberTextTest, AnEntryOfAnOlderProgramIsRead) {
  Member made = member();
  made.host.clear();
  std::string text = encode_member(made);
  const std::string host = R"("host":"",)";
  const size_t at = text.find(host);
  ASSERT_NE(at, std::string::npos);
  text.erase(at, host.size());
  EXPECT_EQ(decode_member(text).value(), made);
}

TEST(MemberTextTest, TextsMayHoldAnyBytes) {
  Member made = member();
  made.address = "ipc://odd/\xff/1.sock";
  made.http = "http://\xc3:1";
  made.host = "odd\xfe";
  made.lock_path = "odd/\xff/lock";
  EXPECT_EQ(decode_member(encode_member(made)).value(), made);
}

}  // namespace
}  // namespace tandem::coord
