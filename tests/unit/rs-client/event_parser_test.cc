#include "rs-client/event_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::client {
namespace {

std::vector<std::string> take_all(EventParser& parser) {
  std::vector<std::string> events;
  while (const auto event = parser.next()) {
    events.push_back(event->id + "|" + event->name + "|" + event->data);
  }
  return events;
}

TEST(EventParser, GivesTheSameEventsHoweverTheBytesAreCut) {
  const std::string text =
      ": hello\n\nid: 7\nevent: role\ndata: {\"a\":1}\n\ndata:x\r\ndata: y\r\n\r\nid: 9\n\n";
  const std::vector<std::string> expected = {"7|role|{\"a\":1}", "7|message|x\ny"};
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    EventParser parser;
    std::vector<std::string> events;
    for (size_t at = 0; at < text.size(); at += piece) {
      parser.feed(std::string_view(text).substr(at, piece));
      for (auto& event : take_all(parser)) events.push_back(event);
    }
    EXPECT_EQ(events, expected) << "in pieces of " << piece;
    EXPECT_EQ(parser.last_id(), "9");
  }
}

TEST(EventParser, ForgetsACutEventWhenTheConnectionIsNew) {
  EventParser parser;
  parser.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n");
  EXPECT_EQ(take_all(parser), std::vector<std::string>{"1|message|a"});
  parser.restart();
  EXPECT_EQ(parser.last_id(), "1");
  EXPECT_EQ(parser.pending_bytes(), 0u);
  parser.feed("\nid: 2\ndata: b\n\n");
  EXPECT_EQ(take_all(parser), std::vector<std::string>{"2|message|b"});
}

TEST(EventParser, BeginsAfterTheIdThatItIsGiven) {
  EventParser parser;
  parser.set_last_id("41");
  EXPECT_EQ(parser.last_id(), "41");
}

}  // namespace
}  // namespace tandem::client
