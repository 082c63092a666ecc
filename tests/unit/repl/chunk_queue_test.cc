#include "repl/chunk_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <thread>

namespace tandem::repl {
namespace {

using Item = std::shared_ptr<const int>;
using Queue = ChunkQueue<Item>;

std::vector<int> contents(const Queue::Picture& picture) {
  std::vector<int> all;
  EXPECT_TRUE(picture.visit([&](const Item& item) {
    all.push_back(*item);
    return true;
  }));
  return all;
}

class ChunkQueueTest : public testing::TestWithParam<int> {};

// Places are followed as an index would, and pictures keep what they showed.
TEST_P(ChunkQueueTest, AgreesWithADequeAndPicturesStay) {
  std::mt19937_64 random(static_cast<uint64_t>(GetParam()));
  Queue queue;
  std::deque<int> model;
  std::deque<Item*> places;
  std::vector<std::pair<Queue::Picture, std::vector<int>>> pictures;
  for (int step = 0; step < 20'000; ++step) {
    const bool grows = (step / 4000) % 2 == 0;
    const auto dice = random() % 100;
    if (dice < (grows ? 70u : 25u)) {
      places.push_back(queue.push_back(std::make_shared<int>(step)));
      model.push_back(step);
    } else if (dice < 90 && !model.empty()) {
      EXPECT_EQ(queue.front().get(), places.front()->get());
      queue.pop_front();
      model.pop_front();
      places.pop_front();
    } else if (dice < 98 && !model.empty()) {
      const size_t at = random() % model.size();
      std::map<Item*, Item*> moves;
      queue.replace(places[at], std::make_shared<int>(-step),
                    [&](Item* from, Item* to) { moves[from] = to; });
      for (Item*& place : places) {
        if (moves.contains(place)) place = moves[place];
      }
      model[at] = -step;
    } else if (pictures.size() < 20) {
      pictures.emplace_back(queue.picture(), std::vector<int>(model.begin(), model.end()));
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(queue.empty(), model.empty());
  }
  for (size_t i = 0; i < model.size(); ++i) ASSERT_EQ(**places[i], model[i]);
  for (const auto& [picture, was] : pictures) EXPECT_EQ(contents(picture), was);
  EXPECT_EQ(contents(queue.picture()), std::vector<int>(model.begin(), model.end()));
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChunkQueueTest, testing::Range(0, 10));

// What is forgotten is freed, as long as no picture shows it.
TEST(ChunkQueue, WhatIsTakenOutIsFreed) {
  Queue queue;
  auto item = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = item;
  queue.push_back(std::move(item));
  for (int i = 0; i < 10; ++i) queue.push_back(std::make_shared<int>(i));
  queue.pop_front();
  EXPECT_TRUE(watched.expired());
}

TEST(ChunkQueue, APictureStopsWhereItIsToldTo) {
  Queue queue;
  for (int i = 0; i < 5000; ++i) queue.push_back(std::make_shared<int>(i));
  int seen = 0;
  EXPECT_FALSE(queue.picture().visit([&](const Item&) { return ++seen < 3000; }));
  EXPECT_EQ(seen, 3000);
}

// What the sanitizer for threads watches.
TEST(ChunkQueue, APictureIsReadAndFreedByAnotherThread) {
  Queue queue;
  std::deque<Item*> places;
  for (int i = 0; i < 3000; ++i) places.push_back(queue.push_back(std::make_shared<int>(i)));
  for (int round = 0; round < 20; ++round) {
    std::thread other([picture = queue.picture()]() mutable {
      EXPECT_EQ(contents(picture).size(), 3000u);
      picture = {};
    });
    for (int i = 0; i < 100; ++i) {
      queue.pop_front();
      places.pop_front();
      places.push_back(queue.push_back(std::make_shared<int>(i)));
    }
    std::map<Item*, Item*> moves;
    queue.replace(places[1500], std::make_shared<int>(round),
                  [&](Item* from, Item* to) { moves[from] = to; });
    for (Item*& place : places) {
      if (moves.contains(place)) place = moves[place];
    }
    other.join();
  }
}

}  // namespace
}  // namespace tandem::repl
