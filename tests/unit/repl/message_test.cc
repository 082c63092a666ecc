#include "repl/message.h"

#include <gtest/gtest.h>

#include "repl/replica_bench.h"

namespace tandem::repl {
namespace {

Message of_type(MessageType type) {
  Message m = message_from(2, type, 9);
  m.to = 3;
  m.to_session = 44;
  return m;
}

// One of each type, every field that the type has set to something of its own.
std::vector<Message> one_of_each() {
  std::vector<Message> all;
  Message m = of_type(MessageType::kHello);
  m.hint_index = 5;
  m.hint_epoch = 6;
  all.push_back(m);
  m = of_type(MessageType::kAnnounce);
  m.record = record_of(9, 10, 2, {1, 2});
  all.push_back(m);
  m = of_type(MessageType::kAppend);
  m.prev_index = 11;
  m.prev_epoch = 8;
  m.commit = 12;
  m.record_version = 13;
  m.sent_ns = 30;
  m.stamp_ns = 31;
  m.lease_ns = 32;
  m.entries = {entry_at(12, 8), entry_at(13, 9)};
  all.push_back(m);
  m = of_type(MessageType::kAppendAck);
  m.match = 14;
  m.sent_ns = 33;
  m.stamp_ns = 34;
  all.push_back(m);
  m = of_type(MessageType::kAppendReject);
  m.prev_index = 15;
  m.hint_index = 16;
  m.hint_epoch = 7;
  all.push_back(m);
  m = of_type(MessageType::kSnapshotChunk);
  m.snapshot_index = 17;
  m.snapshot_epoch = 6;
  m.offset = 18;
  m.total_bytes = 19;
  m.data = std::string("a\0b", 3);
  all.push_back(m);
  m = of_type(MessageType::kSnapshotAck);
  m.snapshot_index = 20;
  m.offset = 21;
  all.push_back(m);
  m = of_type(MessageType::kQueryState);
  m.question = 22;
  all.push_back(m);
  m = of_type(MessageType::kState);
  m.question = 23;
  m.state = ReplicaState{1, true, false, 2, 3, 4, true, false, false, true, 5};
  all.push_back(m);
  m = of_type(MessageType::kSessionDown);
  m.subject = 24;
  m.subject_session = 25;
  m.proven = true;
  all.push_back(m);
  m = of_type(MessageType::kRemoveMember);
  m.subject = 26;
  all.push_back(m);
  m = of_type(MessageType::kReadIndex);
  m.question = 27;
  all.push_back(m);
  m = of_type(MessageType::kReadIndexIs);
  m.question = 28;
  m.match = 29;
  all.push_back(m);
  return all;
}

std::string bytes_of(const Message& m) {
  std::string bytes;
  encode(m, bytes);
  return bytes;
}

void expect_same(const Message& a, const Message& b) {
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(std::tie(a.lineage, a.epoch, a.from, a.storage_id, a.session, a.to, a.to_session),
            std::tie(b.lineage, b.epoch, b.from, b.storage_id, b.session, b.to, b.to_session));
  EXPECT_EQ(std::tie(a.prev_index, a.prev_epoch, a.entries, a.commit, a.record_version),
            std::tie(b.prev_index, b.prev_epoch, b.entries, b.commit, b.record_version));
  EXPECT_EQ(std::tie(a.sent_ns, a.stamp_ns, a.lease_ns),
            std::tie(b.sent_ns, b.stamp_ns, b.lease_ns));
  EXPECT_EQ(std::tie(a.match, a.hint_index, a.hint_epoch, a.snapshot_index, a.snapshot_epoch),
            std::tie(b.match, b.hint_index, b.hint_epoch, b.snapshot_index, b.snapshot_epoch));
  EXPECT_EQ(std::tie(a.offset, a.total_bytes, a.data, a.record, a.question, a.subject),
            std::tie(b.offset, b.total_bytes, b.data, b.record, b.question, b.subject));
  EXPECT_EQ(std::tie(a.subject_session, a.proven), std::tie(b.subject_session, b.proven));
  EXPECT_EQ(std::tie(a.state.promise, a.state.leading, a.state.opened, a.state.last_index,
                     a.state.last_epoch, a.state.commit, a.state.cut_tail, a.state.has_space,
                     a.state.cut_off, a.state.pid),
            std::tie(b.state.promise, b.state.leading, b.state.opened, b.state.last_index,
                     b.state.last_epoch, b.state.commit, b.state.cut_tail, b.state.has_space,
                     b.state.cut_off, b.state.pid));
}

TEST(Message, EachTypeComesBackAsItWas) {
  for (const Message& m : one_of_each()) {
    Message back;
    ASSERT_TRUE(decode(bytes_of(m), back)) << static_cast<int>(m.type);
    expect_same(m, back);
  }
}

TEST(Message, ACutAtAnyByteIsSeen) {
  for (const Message& m : one_of_each()) {
    const std::string bytes = bytes_of(m);
    for (size_t size = 0; size < bytes.size(); ++size) {
      Message back;
      EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size), back))
          << static_cast<int>(m.type) << " at " << size;
    }
  }
}

TEST(Message, BytesTooManyAreSeen) {
  for (const Message& m : one_of_each()) {
    Message back;
    EXPECT_FALSE(decode(bytes_of(m) + "x", back)) << static_cast<int>(m.type);
  }
}

TEST(Message, UnknownTypesAreRefused) {
  for (const char type : {'\0', '\x0c', '\xff'}) {
    std::string bytes = bytes_of(of_type(MessageType::kAppendAck));
    bytes[0] = type;
    Message back;
    EXPECT_FALSE(decode(bytes, back)) << static_cast<int>(type);
  }
}

TEST(Message, EntriesFollowOnePrevAndEachOther) {
  Message m = of_type(MessageType::kAppend);
  m.prev_index = 11;
  m.entries = {entry_at(12, 9), entry_at(14, 9)};
  Message back;
  EXPECT_FALSE(decode(bytes_of(m), back));
  m.entries = {entry_at(13, 9)};
  EXPECT_FALSE(decode(bytes_of(m), back));
}

TEST(Message, AnImpossibleCountOfEntriesIsRefusedAtOnce) {
  std::string bytes = bytes_of(of_type(MessageType::kAppend));
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\xff");
  Message back;
  EXPECT_FALSE(decode(bytes, back));
}

// Damaged and random bytes: whatever decodes must encode again, nothing may crash.
TEST(Message, RandomBytesDoNoHarm) {
  uint64_t state = 1;
  const auto random = [&state] {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<unsigned>(state >> 33);
  };
  const std::vector<Message> all = one_of_each();
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = bytes_of(all[random() % all.size()]);
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (i % 4 == 0) {
      for (char& c : bytes) c = static_cast<char>(random());
    }
    Message back;
    if (!decode(bytes, back)) continue;
    Message again;
    EXPECT_TRUE(decode(bytes_of(back), again));
    expect_same(back, again);
  }
}

}  // namespace
}  // namespace tandem::repl
