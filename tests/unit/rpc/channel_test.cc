#include "rpc/channel.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/frame.h"

namespace tandem::rpc {
namespace {

constexpr size_t kMaxMessage = 1024;
constexpr size_t kMaxQueued = 8192;

Channel opened(uint64_t link = 7) {
  Channel channel(kMaxMessage, kMaxQueued);
  channel.open(link, kMaxMessage);
  return channel;
}

struct Taken {
  Preamble preamble;
  std::vector<std::string> payloads;
};

Taken take_message(Channel& channel) {
  Taken taken;
  const Outgoing& next = channel.next();
  const std::string copy = next.bytes + std::string(next.rest.view());
  std::string_view message = copy;
  EXPECT_TRUE(take_preamble(message, taken.preamble));
  wire::ItemReader items(message);
  wire::Item item;
  while (items.next(item)) taken.payloads.emplace_back(item.payload);
  EXPECT_TRUE(items.ok());
  channel.sent();
  return taken;
}

TEST(Channel, ItemsOfOneTurnGoAsOneMessage) {
  Channel channel = opened();
  EXPECT_FALSE(channel.ready());
  channel.add(1, "one");
  channel.add(2, "two");
  ASSERT_TRUE(channel.ready());
  const Taken taken = take_message(channel);
  EXPECT_EQ(taken.preamble.link, 7U);
  EXPECT_EQ(taken.preamble.sequence, 1U);
  EXPECT_EQ(taken.payloads, (std::vector<std::string>{"one", "two"}));
  EXPECT_FALSE(channel.ready());
}

TEST(Channel, WhatIsSharedEndsAMessageAndIsNotCopied) {
  Channel channel = opened();
  const SharedBytes rest(std::string("of it"));
  channel.add(1, "one");
  EXPECT_EQ(channel.add(2, "two ", rest), Channel::Added::kYes);
  channel.add(3, "three");
  EXPECT_EQ(channel.last_batch(), 2U);
  EXPECT_EQ(channel.queued_bytes(), 3 * wire::kItemHeaderBytes + 3 + 9 + 5);
  EXPECT_EQ(channel.next().rest.view().data(), rest.view().data());
  EXPECT_EQ(take_message(channel).payloads, (std::vector<std::string>{"one", "two of it"}));
  EXPECT_EQ(take_message(channel).payloads, (std::vector<std::string>{"three"}));
  EXPECT_EQ(channel.add(4, "", SharedBytes(std::string(kMaxMessage, 'x'))),
            Channel::Added::kTooLarge);
}

TEST(Channel, SplitsWhatDoesNotFitIntoOneMessage) {
  Channel channel = opened();
  const std::string half(kMaxMessage / 2, 'x');
  for (int i = 0; i < 3; ++i) EXPECT_EQ(channel.add(1, half), Channel::Added::kYes);
  EXPECT_EQ(channel.last_batch(), 3U);
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) {
    ASSERT_TRUE(channel.ready());
    EXPECT_LE(channel.next().size(), kMaxMessage);
    EXPECT_EQ(take_message(channel).preamble.sequence, sequence);
  }
}

TEST(Channel, TakesTheLargestItemAndRefusesOneByteMore) {
  Channel channel = opened();
  EXPECT_EQ(channel.add(1, std::string(channel.max_payload_bytes(), 'x')), Channel::Added::kYes);
  EXPECT_EQ(channel.next().size(), kMaxMessage);
  EXPECT_EQ(channel.add(1, std::string(channel.max_payload_bytes() + 1, 'x')),
            Channel::Added::kTooLarge);
}

TEST(Channel, KeepsToTheLimitOfThePeer) {
  Channel channel(kMaxMessage, kMaxQueued);
  channel.open(7, 100);
  EXPECT_EQ(channel.max_payload_bytes(), 100 - kPreambleBytes - wire::kItemHeaderBytes);
  channel.open(8, 10);
  EXPECT_EQ(channel.add(1, ""), Channel::Added::kYes);
  EXPECT_EQ(channel.add(1, "x"), Channel::Added::kTooLarge);
}

TEST(Channel, IsFullUntilThePeerAcknowledges) {
  Channel channel = opened();
  const std::string payload(900, 'x');
  while (channel.add(1, payload) == Channel::Added::kYes) continue;
  while (channel.ready()) take_message(channel);
  EXPECT_EQ(channel.add(1, payload), Channel::Added::kFull);
  EXPECT_EQ(channel.receive({Kind::kData, 7, 0, channel.sent_sequence()}),
            Channel::Received::kNothing);
  EXPECT_EQ(channel.add(1, payload), Channel::Added::kYes);
}

TEST(Channel, StopsAtTheWindowAndGoesOnWhenAcknowledged) {
  Channel channel = opened();
  for (size_t i = 0; i < kWindow; ++i) {
    channel.add(1, "x");
    ASSERT_TRUE(channel.ready());
    take_message(channel);
  }
  channel.add(1, "waits");
  channel.add(2, "too");
  EXPECT_FALSE(channel.ready());
  channel.receive({Kind::kData, 7, 0, 1});
  ASSERT_TRUE(channel.ready());
  EXPECT_EQ(take_message(channel).payloads.size(), 2U);
}

TEST(Channel, AcknowledgesWithItemsWhereThereAreSome) {
  Channel channel = opened();
  EXPECT_EQ(channel.receive({Kind::kData, 7, 1, 0}), Channel::Received::kItems);
  EXPECT_FALSE(channel.ready());
  EXPECT_TRUE(channel.owes_acknowledgement());
  channel.add(1, "answer");
  EXPECT_EQ(take_message(channel).preamble.acknowledged, 1U);
  EXPECT_FALSE(channel.owes_acknowledgement());
}

TEST(Channel, AcknowledgesAloneAfterSomeMessagesOrWhenTold) {
  Channel channel = opened();
  uint64_t sequence = 0;
  while (!channel.ready()) channel.receive({Kind::kData, 7, ++sequence, 0});
  EXPECT_EQ(sequence, kWindow / 4);
  const Taken bare = take_message(channel);
  EXPECT_EQ(bare.preamble.sequence, 0U);
  EXPECT_EQ(bare.preamble.acknowledged, sequence);
  channel.acknowledge_now();
  EXPECT_FALSE(channel.ready());
  channel.receive({Kind::kData, 7, ++sequence, 0});
  channel.acknowledge_now();
  EXPECT_TRUE(channel.ready());
}

TEST(Channel, AcknowledgesAloneWhileItsOwnWindowIsClosed) {
  Channel channel = opened();
  for (size_t i = 0; i < kWindow; ++i) {
    channel.add(1, "x");
    take_message(channel);
  }
  channel.add(1, "waits");
  for (uint64_t sequence = 1; sequence <= kWindow; ++sequence) {
    channel.receive({Kind::kData, 7, sequence, 0});
  }
  ASSERT_TRUE(channel.ready());
  EXPECT_EQ(take_message(channel).preamble.sequence, 0U);
  EXPECT_FALSE(channel.ready());
}

TEST(Channel, DropsWhatBelongsToAnotherLink) {
  Channel channel = opened(7);
  channel.add(1, "x");
  channel.open(8, kMaxMessage);
  EXPECT_FALSE(channel.ready());
  EXPECT_EQ(channel.receive({Kind::kData, 7, 1, 0}), Channel::Received::kForeign);
  EXPECT_EQ(channel.receive({Kind::kData, 8, 1, 0}), Channel::Received::kItems);
}

TEST(Channel, NoticesLostRepeatedAndInventedMessages) {
  Channel channel = opened();
  EXPECT_EQ(channel.receive({Kind::kData, 7, 2, 0}), Channel::Received::kBroken);
  EXPECT_EQ(channel.receive({Kind::kData, 7, 1, 0}), Channel::Received::kItems);
  EXPECT_EQ(channel.receive({Kind::kData, 7, 1, 0}), Channel::Received::kBroken);
  EXPECT_EQ(channel.receive({Kind::kData, 7, 2, 1}), Channel::Received::kBroken);
}

}  // namespace
}  // namespace tandem::rpc
